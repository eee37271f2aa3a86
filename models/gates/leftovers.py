"""What a writing machine leaves behind: placeholders, words to its reader, markup, broken endings, broken letters.

Emoji, plain lists, inches, hearts and signatures pass.
"""

from __future__ import annotations

import re
import unicodedata

from models.gates.draft import Draft, GateContext, Verdict
from models.gates.reading import visible

_I = re.IGNORECASE
_M = re.MULTILINE
_LABELS = "caption|post|text|headline|title|hashtags?|cta|call to action|body|image|picture|photo|draft|output|response|answer|tone|theme|platform|subject|content|visual|alt text"
_PLATFORM = "facebook|instagram|google|google business(?: profile)?|gbp|social media|fb|ig"

_PLACEHOLDER = (
    (r"\{[^{}]*\}|\{\{|\}\}", 0),
    (r"\[[^\]\n]*[A-Za-z][^\]\n]*\]", 0),
    (r"<\s*(?:insert|your|business|name|city|phone|link|add|date|company)\b[^>]*>", _I),
    (r"\bX{3,}\b|[$#]X+\b|\bX{2,}%|\b(?:19|20)XX\b|\bx{3}-x{3,4}\b|\bX{2}[:/-]X{2}\b", 0),
    (r"\b(?:MM/DD|DD/MM|YYYY|HH:MM)\b", 0),
    (r"_{3,}|\.{6,}", 0),
    (r"\blorem ipsum\b|\bdolor sit amet\b", _I),
    (r"\b(?:TBD|TBA|TODO|FIXME|TBC)\b", 0),
    (r"\b(?:insert|add|replace with|fill in) (?:your|the|a)? ?(?:business|company|city|phone|name|link|address|date|number|photo|image|details?) (?:name |number |here)", _I),
    (r"\b(?:your|the) (?:business|company|city|town) name(?: here)?\b|\b(?:your|our) (?:city|town|phone number|website|address) here\b", _I),
    (r"%[sd]\b|%\(\w+\)s|\$\{?[A-Z_]{3,}\b|\bundefined\b|\bNaN\b|\bNone\.$|(?<![\w-])null(?![\w-])", 0),
)  # fmt: skip
_CHATTER = (
    (r"^\W*(?:sure|certainly|of course|absolutely|great|okay|ok|got it|understood)\b(?: thing)?[!,.:]*\s*(?:here|i|i've|i'll|let me|below)(?:'s|\b)", _I),
    (r"^\W*(?:sure|certainly|of course|absolutely|understood)!\s*(?:\n|$)", _I | _M),
    (rf"\b(?:here(?:'s| is| are)|below (?:is|are)|i(?:'ve| have) (?:written|created|drafted|prepared|made|put together)|this is) (?:your|a|an|the|my|some|another|[235]|two|three)"
     rf" (?:[\w-]+ ){{0,4}}?(?:posts?|captions?|drafts?|versions?|rewrites?|copy|options?)(?![\w-])(?=[^.\n]{{0,60}}[:\n]|[^.\n]{{0,40}}(?:for|about)\b|\s*[.!]?\s*$)", _I),
    (r"\bas an? (?:ai|artificial|large language|language model|assistant|chat ?bot)\b|\blanguage model\b|\bchatgpt\b|\bopenai\b|\bmy training data\b|\bknowledge cutoff\b", _I),
    (r"\b(?:i hope (?:this|that|these) (?:helps?|works?|fits?|meets)|let me know if (?:you'd|you would|you want|you need|this|there|any)|would you like me to|do you want me to)\b", _I),
    (r"\b(?:feel free|don't hesitate) to (?:edit|adjust|customi[sz]e|replace|modify|tweak|change|adapt|personali[sz]e|swap)\b", _I),
    (r"\bi(?:'m| am) (?:sorry|unable|not able),?(?: but)?(?: i| to)? (?:can't|cannot|can not|write|create|help|generate|assist|comply|fulfill)\b|\bi (?:can't|cannot) (?:help|assist|write|generate|create|provide|fulfill)\b", _I),
    (r"\b(?:option|version|variant|variation|alternative|draft|post) (?:#?\d|[A-C]|one|two|three)\s*(?:\([^)]*\)\s*)?[:.)]\s*\n?(?=[^\n]*\n+\s*(?:\*\*)?(?:option|version|variant|variation|alternative|draft|post) )", _I),
    (r"^\W*(?:option|version|variant|variation|draft|revision) (?:#?\d|[A-C])\s*(?:\([^)]*\)\s*)?[:.)-]", _I | _M),
    (rf"^\W*(?:{_LABELS})\s*(?:\([^)]*\)\s*)?:\s", _I | _M),
    (rf"^\W*(?:{_PLATFORM})(?: (?:post|caption|version|update|text))?\s*(?:\([^)]*\)\s*)?:\s", _I | _M),
    (r"\(\s*(?:\d+|word count|characters?|approx)[^)]{0,15}\b(?:characters?|words?|chars)\b[^)]*\)|\b(?:word|character) count\b", _I),
    (r"[(\[*]\s*(?:note|nb|disclaimer|editor|reminder|image|photo|insert|add|source|tip for)\b[^)\]\n]{0,8}:|^\W*(?:note|disclaimer)(?: to (?:the )?(?:editor|reader|owner|self|client|you))?:\s", _I | _M),
    (r"\bnote to (?:the )?(?:editor|owner|reader|client)\b|\b(?:revised|updated|rewritten|corrected|shorter|longer|improved) (?:version|post|caption|text)\b|\bas (?:you )?requested\b|\bper your (?:instructions|request|guidelines)\b|\bbased on (?:the|your) (?:instructions|information provided|details provided|prompt)\b", _I),
    (r"^\W*(?:end of (?:post|text)|-{3,}|={3,})\s*$", _I | _M),
    (r"\bthis (?:post|caption) (?:is|was|highlights|aims|follows|meets|uses|stays|keeps|encourages|focuses|has been)\b", _I),
)  # fmt: skip
_MARKUP = (
    (r"\*\*|__\w|\w__(?!\w)|~~|```|`[^`\n]+`", 0),
    (r"(?<![\w*])\*(?=[^\s*])[^*\n]+(?<=[^\s*])\*(?![\w*])|(?<![\w_@/.])_(?=[^\s_])[^_\n]+(?<=[^\s_])_(?![\w_])", 0),
    (r"^\s*#{1,6}\s+\S|^\s*>\s+\S|^\s*[*+]\s+\S|^\s*\|.*\|\s*$", _M),
    (r"\[[^\]\n]*\]\s?\([^)\n]*\)", 0),
    (r"</?[A-Za-z][^<>\n]*>|<!--|<\|", 0),
    (r"&(?:[a-z]{2,8}|#\d{2,5}|#x[\da-f]{2,5});", _I),
)  # fmt: skip
_DATA = (
    (r"[{\[]\s*\"|\"\s*[}\]]|\"\s*:\s*[\"\[{\d]|\",\s*\"\w+\"\s*:", 0),
    (r"^\W*(?:text|content|hashtags|slot)\"?\s*:\s*[\"\[]", _I | _M),
    (r"\\[nrt](?![a-z])|\\[nrt](?=[A-Z])|\\n\\n|\\u[\da-f]{4}|\\\"", 0),
)  # fmt: skip
_PROMPT = (
    (r"(?<![\w#@/.-])[a-z]+(?:_[a-z]+)+(?![\w@.])", 0),
    (r"\b(?:this|that|the|each|given) slot\b(?! (?:in|on|at|of|for|is|between|by|opened|just|may|machine|car))|\bslot(?: ?[#:=]|\s\d)", _I),
    (r"\b(?:system prompt|the prompt|json|the schema|brand voice|target audience|character limit|picture query|avoid keywords|call[\s-]to[\s-]action|word limit|content template|the template above)\b", _I),
)  # fmt: skip
_MOJIBAKE = (
    (r"\ufffd|â€|Ã[\u0080-\u00bf©¨ªº¡¢£¤¥¦§«¬®¯°±²³´µ¶·¸¹»¼½¾¿]|Â[\u00a0-\u00bf ](?=\S|$)|ï»¿|ðŸ|Ã¢|â\u0080", 0),
    ("[\x00-\x08\x0b-\x1f\x7f-\x9f]", 0),
)  # fmt: skip
_GROUPS = tuple(
    (reason, tuple(re.compile(pattern, flags) for pattern, flags in patterns))
    for reason, patterns in (
        ("letters that came out broken", _MOJIBAKE),
        ("data and its signs instead of a text", _DATA),
        ("markup, write plain text", _MARKUP),
        ("a placeholder", _PLACEHOLDER),
        ("words that belong to the task and not to the post", _PROMPT),
        ("words to whoever asked for the post", _CHATTER),
    )
)

_HANGING = frozenset(
    """a an the and or but to of with for in on at by from your our their his her its my that which who because if when while as than so
    into onto about over under between is are was were be will would can could should must may it's we're you're this these those
    every each any some no not very more most also""".split()
)
# Words of a last line without a full stop: a shorter one may be a signature or a call, more so where none is used at all.
_LONG_LINE, _LONG_POST = 9, 15
_ENDED = re.compile(r"[.!?…:)\]\"'”’»*☺]$")
_COMMON = {
    "en": "the a and of to in it is you your we our for on with that this be are at from as or not if what how by when have do all so no one can".split(),
    "es": "el la los las de del que y en un una es por con para se su sus lo al como más pero le ha este esta nuestro antes sin muy".split(),
    "de": "der die das und ist in zu den mit von für auf ein eine nicht wir sie ihr es dem des im auch euch uns wird bei nach wie".split(),
    "fr": "le la les de des et en un une est que pour dans qui sur avec pas vous nous votre notre au aux ce cette plus du".split(),
    "it": "il la le di che e un una per con non del della dei nel alla sono come più anche questo vostro nostro gli lo".split(),
    "pt": "o a os as de do da que e em um uma para com não por mais dos das seu sua como no na ao nosso".split(),
}  # fmt: skip
_ENOUGH_WORDS = 6


def leftovers(draft: Draft, context: GateContext) -> Verdict:
    """Whether a text is nothing but a post, whole and in English."""
    reason = _objection(draft.text, context)
    return Verdict("leftovers", not reason, reason)


def _objection(written: str, context: GateContext) -> str:
    text = visible(written).replace("’", "'").replace("‘", "'")
    for reason, patterns in _GROUPS:
        for pattern in patterns:
            if match := pattern.search(text):
                return f"leave out {match[0].strip()[:60]!r}: {reason}"
    if _hides_signs(written):
        return "leave out invisible characters between letters"
    if word := _mixed_word(text):
        return f"write {word!r} in one alphabet"
    if foreign := _foreign(text, context):
        return foreign
    return _broken_off(text)


def _hides_signs(text: str) -> bool:
    """Signs of no width that join or part letters; beside emoji they have their use."""
    return re.search(r"\w[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069\u180e]+\w", text) is not None


def _mixed_word(text: str) -> str | None:
    """A word with letters of two alphabets, one of them posing as the other."""
    for word in re.findall(r"[^\W\d_]{2,}", unicodedata.normalize("NFKC", text)):
        alphabets = {unicodedata.name(letter, "?").split()[0] for letter in word}
        if len(alphabets & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}) > 1:
            return word
    return None


def _foreign(text: str, context: GateContext) -> str:
    letters = [c for c in text if c.isalpha()]
    other = sum(
        not unicodedata.name(c, "LATIN").startswith(
            ("LATIN", "FULLWIDTH LATIN", "MODIFIER", "FEMININE", "MASCULINE", "MATHEMATICAL")
        )
        for c in letters
    )
    if letters and other > len(letters) * 0.2:
        return "write in English"
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.casefold())
    if len(words) < _ENOUGH_WORDS:
        return ""
    shares = {language: sum(word in common for word in words) for language, common in _COMMON.items()}
    best = max(shares, key=lambda language: (shares[language], language == "en"))
    return "write in English" if best != "en" and shares[best] >= 3 and shares[best] > 1.5 * shares["en"] else ""


def _broken_off(text: str) -> str:
    """Whether the end is missing: a hanging word or sign, a long line without an end, a bracket left open."""
    whole = re.sub(r"(?:\s*#\w+)+$", "", text.rstrip()).rstrip()
    last = whole.rsplit("\n", 1)[-1].strip()
    if not last:
        return ""
    words = re.findall(r"[\w'&-]+", last)
    end = last[-1]
    if end in ",;-–—(/&" or (end.isalnum() and words and words[-1].casefold() in _HANGING):
        return f"finish the last sentence: it ends with {last[-30:]!r}"
    if (end.isalnum() and not _ENDED.search(last) and len(words) > (_LONG_LINE if re.search(r"[.!?]\s", whole) else _LONG_POST)
            and not re.search(r"[@/]\S*$|\S+\.\w{2,}$", last)):  # fmt: skip
        return f"finish the last sentence: it ends with {last[-30:]!r}"
    without_faces = re.sub(r"[:;]-?[()]", "", whole)
    if without_faces.count("(") > without_faces.count(")") or whole.count("“") > whole.count("”") and '"' not in whole:
        return "close the bracket or quotation that is left open"
    return ""
