"""No invented testimonial: a customer's words, story or stars only where the owner gave the review.

A quotation from a real review passes word for word; cuts may be made, and its author is named as given or not at all.
Quotations that are nobody's praise (a sound, a saying, what a label says) pass, and so do questions that customers often
ask. The theme `testimonial` quotes a real review or asks for an honest one; nobody is asked for stars or paid for words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.gates.claims import passage
from models.gates.claims.people import people
from models.gates.draft import Draft, GateContext, Verdict
from models.gates.reading import WORD, legible, plain, sentences, with_digits
from models.gates.reviews import QUOTATION, is_from, without_reviews

_SOMEBODY = (
    "customer|client|homeowner|guest|patient|member|neighbor|regular|couple|bride|groom|family|mom|mother|dad|father|lady"
    "|gentleman|visitor|student|parent|diner|driver|reader|resident|shopper|tenant|landlord|reviewer|teacher"
)
_PEOPLE = r"(?:customers|clients|homeowners|guests|patients|members|neighbors|regulars|families|folks|people|visitors|parents|diners|drivers|reviewers|couples|brides)"
_PRAISE = (
    r"(?:love[sd]?|adore|say|says|said|saying|tell us|told us|rave[sd]?|raving|trusts?|trusted|swear by|agree|keep coming|come back|return"
    r"|appreciate|thank(?:ed)? us|report|describe|recommend|enjoy|can't (?:get enough|stop)|call us (?:the|their)|are (?:so |always |all )?"
    r"(?:happy|thrilled|delighted|glad|smiling)|leave (?:happy|smiling)|know (?:that )?(?:we|they can))"
)
_QUOTED_PRAISE = re.compile(
    r"\b(?:they|you guys|these guys|this (?:team|crew|place|shop)|highly|recommend|amazing|(?:great|good|best|clean\w*|awesome|excellent) "
    r"(?:job|work|service|decision|haircut|experience|people|crew|team)|so (?:happy|glad|pleased|relieved|good|kind)|saved (?:us|our|my|the)"
    r"|thank you (?:so much )?for|thanks (?:so much )?for|my \w+ (?:has|have|had) never|never looked|on time|i would|i'd|would call"
    r"|could not be happier|couldn't be happier|best \w+ (?:i|we|ever)|in years|ever (?:had|made|seen|eaten|tasted)|hill & sons)\b"
)
_GIVEN_BY = re.compile(
    rf"\b(?:{_SOMEBODY})s?\b[^.!?\"]{{0,40}}\b(?:says?|said|wrote|writes|told|tells|put it|describes?)\b(?! themselves)"
    rf"|\b(?:says?|said|wrote|writes|told|how)\b[^.!?\"]{{0,25}}\b(?:{_SOMEBODY}|regular)s?\b|\breviews?\b|\btestimonial|\bkind words?\b"
    r"|\bas they say\b|\bwall of thanks\b|\bfeedback\b|\bfan mail\b"
)
_SIGNED = re.compile(r"^[\s.,!]*(?:-|~)\s*([^\n\"]{2,60})", re.MULTILINE)
_SIGNED_NEUTRALLY = re.compile(
    r"(?:from )?(?:an? |one |our |the )?(?:\w+ )?(?:google |facebook )?(?:review(?:er)?|customer)s?(?: on (?:google|facebook))?\W*"
)
_SPOKE = (
    r"(?:says?|said|told|wrote|writes|tells|raves?|called|thanked|loves?|texted|messaged|swears|mentioned|recommends?)"
)

_TOLD = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:our|many of our|most of our|some of our|so many|happy|satisfied|delighted|loyal|hundreds of|thousands of|all our|many|most|all (?=customers|clients)) (?:of our |of the |of )?(?:\w+ )?{_PEOPLE}\b"
        rf"(?<!most people)(?<!many people)(?<!most folks)(?<!most families)(?<!most homeowners)(?<!most neighbors)(?: \w+){{0,3}}? {_PRAISE}\b",
        rf"\b(?:{_PEOPLE}|everyone|everybody|they) (?:keep |always |often |all )?(?:tell(?:ing)?|told) us (?!apart|off)",
        rf"\b{_PEOPLE} (?:keep |always |often )?(?:say|saying) (?:that )?(?:we|our|us|it's the best)\b",
        r"\bwe (?:keep|kept|often|always|love) hear(?:ing)? (?:that|how|it|about how|from (?:happy|our))\b",
        r"\b(?:happy|satisfied|delighted|thrilled) (?:\w+ )?(?:customers?|clients?|homeowners?|patients?|guests?|members?|families|couples?)\b",
        r"\b(?:rave|raving|glowing|stellar|outstanding|amazing|wonderful|lovely|fantastic|great) (?:\w+ )?(?:reviews?|feedback|comments?|testimonials?)\b",
        r"\brav(?:e|es|ed|ing) about\b|\bcan't be wrong\b|\bsuccess stor(?:y|ies)\b|\btestimonials?\b",
        r"\b(?:customer|client|patient|member|guest) (?:spotlight|stor(?:y|ies)|love|shout[\s-]?out|of the (?:week|month))\b",
        rf"\b(?:what|see what|hear what|why|see why) (?:our |so many |everyone |other )?(?:{_PEOPLE}|everyone|everybody)\b.{{0,25}}\b(?:say(?:ing)?|love|rave|choose|trust|think of us)",
        r"\b(?:messages|notes|texts|calls|letters|comments|hugs) (?:that )?(?:we (?:get|receive|got)|like (?:this|these|that))\b",
        r"\b(?:kind|sweet|lovely|nice) words\b.{0,12}, [a-z]+\s*[!.]|\bthank(?:s| you) for the (?:kind|sweet|lovely|nice|great) (?:words|review|note)",
        r"\b(?:another|a|this|new|recent|latest) (?:\w+[\s-]){0,3}review (?:came|says|said|just|arrived|made|landed|from)\b",
        r"\b(?:everyone|everybody|anyone|whoever) who (?:tries|tried|visits|visited|tastes|tasted|has tried|comes|came)\b.{0,60}\b(?:loves?|comes? back|says?|agrees?|asks? for|raves?|smiles?)",
        r"\bthey (?:say|swear) (?:that )?(?:it|we|our)\b|\b(?:they|who) tell (?:all )?their (?:friends|neighbors)\b",
        r"\b(?:highly|definitely|absolutely) recommend(?:ed)?\b(?! (?:by|to keep|to use|that you|using|checking|wearing))",
        r"\b(?:i|we)(?: \w+){0,2} recommend (?:them|hill|us)\b|\bcan't thank (?:them|you|us) enough\b|\bthese guys\b|\bso glad (?:i|we) called\b",
        r"\b(?:i|my wife|my husband) (?:called|hired|booked|tried|found|went to|brought)\b.{0,60}\b(?:us|them|they)\b",
        rf"\b(?:mr|mrs|ms|miss)\b\.? \w+(?: \w+){{0,3}} {_SPOKE}\b",
        r"\bwords? (?:on|around) (?:the street|town)\b.{0,20}\b(?:is|has it)\b|\brumor has it\b.{0,20}\b(?:we|our)\b",
    )
)  # fmt: skip
_STORY = re.compile(
    rf"\b(?:an?|one|another|this|the|1)\s+(?:[\w'-]+\s+){{0,3}}?(?:{_SOMEBODY})s?\b(?! (?:who|should|can|may|must|is|once|needs))[^.!?]{{0,80}}?"
    r"\b(?:told|said|wrote|called|came|thanked|hugged|texted|messaged|emailed|brought|walked|left|lost|cried|smiled|drove|stopped|asked|found|needed"
    r"|had (?:a|an|no|been|given)|was (?:so|worried|afraid|sure|in tears|ready|amazed)|were (?:so|worried|amazed)|brings|gained|says?|swears|loves?)\b"
)
_LATELY = re.compile(
    r"\b(?:last (?:week|month|night|year|winter|summer|spring|fall|weekend|\w+day)|yesterday|this (?:morning|week|weekend)|recently"
    r"|the other day|\w+ (?:days|weeks|months) ago|earlier)\b"
)
_STARS = re.compile(r"\b5[\s-]*stars?\b|★{2,}|\b4\.\d stars?\b")
_PAID = re.compile(
    r"\breview\b.{0,60}\b(?:discount|free|% off|win|raffle|gift|reward|drawing|coupon|entered|in return|thank-you treat)\b"
    r"|\b(?:positive|good|great|nice|top|perfect|best|kind) (?:review|rating)s?\b(?! or)"
)
_ASKS = re.compile(
    r"\breview\w*|\bfeedback\b|\btell (?:us|others|them|your|a friend|yours|people)|\blet (?:us|others|them) know\b|\bshare\b|\bmention\b"
    r"|\bsay what\b|\byour (?:own )?(?:story|words?|opinion|experience|thoughts?|voice)\b|\bhow was it\b|\bwhat (?:went|would|makes|made)\b"
    r"|\bwhich 1\b|\b(?:a )?few (?:honest )?(?:words|lines)\b|\bhear (?:how|from you)\b|\bown words\b|\bask people who\b|\bword of mouth\b"
)


def invented_testimonial(draft: Draft, context: GateContext) -> Verdict:
    """Whether no customer is quoted, told of or counted in stars but by a review that the owner gave."""
    reason = _objection(legible(draft.text), context)
    return Verdict("invented_testimonial", not reason, reason)


def _objection(text: str, context: GateContext) -> str:
    rest = without_reviews(text, context.reviews)
    quotes_one = rest != text
    if said := next(_false_quotations(rest, context), None):
        return f"{_short(said)} is in no review that the owner gave: quote one word for word, or nobody"
    if quotes_one and (name := next(_false_authors(text, rest, context), None)):
        return f"name the review's author as the review does, or not at all: not {_short(name)}"
    if said := next(_told(rest, context), None):
        return f"{_short(said)} speaks for customers: leave it out, no customer may be quoted, described or invented"
    if asked := _PAID.search(with_digits(plain(text))):
        return f"ask for honest reviews, without stars or a reward: leave out {_short(asked[0])}"
    if context.theme == "testimonial" and not quotes_one and not _ASKS.search(with_digits(plain(rest))):
        return "this post asks for something else: kindly ask customers for an honest review"
    return ""


def _short(said: str) -> str:
    return repr(said.strip() if len(said) <= 60 else f"{said[:57].strip()}...")


def _false_quotations(text: str, context: GateContext) -> Iterator[str]:
    for match in QUOTATION.finditer(text):
        said = match[1] or match[2]
        if is_from(said, context.reviews):
            continue
        around = plain(f"{text[max(match.start() - 80, 0) : match.start()]} {text[match.end() : match.end() + 80]}")
        words = said.split()
        if (
            (context.theme == "testimonial" and len(words) > 1)
            or _GIVEN_BY.search(around)
            or (len(words) > 2 and _QUOTED_PRAISE.search(plain(said)))
            or (len(words) > 2 and (_SIGNED.match(text[match.end() :]) or _names_speaker(text, match)))
        ):
            yield said


def _names_speaker(text: str, match: re.Match[str]) -> bool:
    """Whether a person by name said it."""
    around = f"{text[max(match.start() - 40, 0) : match.start()]} {text[match.end() : match.end() + 40]}"
    return bool(list(people(passage(around)))) and re.search(rf"\b{_SPOKE}\b", plain(around)) is not None


def _false_authors(text: str, rest: str, context: GateContext) -> Iterator[str]:
    """Whom the text names beside a real review without having it from there."""
    given = _given(context)
    for match in QUOTATION.finditer(text):
        signed = _SIGNED.match(text[match.end() :])
        if (
            signed
            and " ".join(WORD.findall(plain(signed[1]))) not in given
            and not _SIGNED_NEUTRALLY.fullmatch(plain(signed[1]))
        ):
            yield signed[1]
    for claim in people(passage(rest)):
        if claim.said.casefold() not in given.split():
            yield claim.said


def _given(context: GateContext) -> str:
    """All words that the owner or a review's author wrote, plain."""
    return " ".join(
        WORD.findall(plain(" ".join((*context.reviews, *context.stated, context.business_name, context.city))))
    )


def _told(text: str, context: GateContext) -> Iterator[str]:
    """Stories and praise outside quotation marks."""
    stated = with_digits(plain(" ".join(context.stated)))
    named = (
        re.sub(rf"(?<!\w){re.escape(plain(context.business_name))}(?!\w)", "us", plain(text))
        if context.business_name
        else plain(text)
    )
    whole = with_digits(named)
    for match in _STARS.finditer(whole):
        if match[0] not in stated:
            yield match[0]
    for sentence in sentences(text):
        read = passage(sentence)
        words = (
            with_digits(re.sub(rf"(?<!\w){re.escape(plain(context.business_name))}(?!\w)", "us", plain(sentence)))
            if context.business_name
            else read.text
        )
        for pattern in _TOLD:
            yield from (match[0] for match in pattern.finditer(words))
        if read.ours or " us" in words or _LATELY.search(words):
            yield from (match[0] for match in _STORY.finditer(words))
        for claim in people(read):
            if claim.said.casefold() not in _given(context).split() and re.search(
                rf"\b{re.escape(claim.said.casefold())}\b.{{0,30}}\b(?:{_SPOKE}|moved in|is (?:so )?(?:happy|thrilled))\b|\bthanks to\b",
                words,
            ):
                yield sentence
