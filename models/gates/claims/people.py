"""Named people of the business or among its customers.

People of history, and plants, tools and days that bear a name, are none. Names are known by a list of common first names,
by a title before them ("Mrs.", "Chef"), by a role ("our baker ..."), or by how they are spoken of ("ask for ...").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.gates.claims.claim import Claim, Passage

# Also in lower case; none of them is a word or a town.
_NAMES = frozenset(
    """aaron adam alan albert alejandro alex alexander alice alicia allison amanda amy ana andrea andrew andy angela anna
    anne annie anthony antonio ashley barbara becky benjamin beth betty bethany brandon brenda brian bryan caleb carla
    carlos carmen caroline catherine cheryl chloe chris christina christine christopher cindy claire connor craig crystal
    cynthia daniel daniela danielle danny dave david deborah debbie debra denise dennis derek diana diane diego donna
    doris dorothy doug douglas dylan eddie edgar eduardo edward elena eli elijah elizabeth ella emily emma enrique eric
    erica erin esther ethan evelyn fernando francisco gabriel gary gina gloria greg gregory hannah harold harry hector
    helen henry ian isaac isabel isabella isaiah ivan jacob jake james jamie janet janice jasmine jason javier jeff
    jeffrey jenna jennifer jenny jeremy jerome jerry jesse jessica jill joan joanna joe joel johnny jonathan jorge jose
    josh joshua juan juanita judith judy julia julian julie justin karen karl kate katherine kathleen kathy katie keith
    kelly kenneth kevin kim kimberly kirsten kristen kyle larry laura lauren laurie leah leo leon leslie liam linda lisa
    logan lois lori lorraine louise lucas lucia lucy luis luke lynn manuel marcus margaret maria marie marilyn mario
    marissa martha martin marvin mary matt matthew maureen megan melanie melissa melvin michael michele michelle miguel
    mike mitchell mohammed monica nancy naomi natalie nathan nathaniel nicholas nicole noah nora oliver olivia oscar pablo
    pamela patricia patrick patty paul paula pedro peggy philip phyllis priya rachel ralph ramon randy raul raymond
    rebecca renee ricardo richard rick ricky roberta roberto robert rodney roger roland ronald rosa rosie roy ruben russell
    ruth ryan sally sam samantha samuel sara sarah scott sean sergio seth shannon sharon sheila shirley sofia sonia
    sophia sophie stacey stacy stanley stella stephanie stephen steve steven sue susan suzanne sylvia tamara tanya tara
    teresa terry thelma theodore theresa thomas tiffany tim timothy tina todd tom tommy tony tracy travis trevor tyler
    valerie vanessa vera veronica vicki victor vincent vivian walter wanda wayne wendy wesley whitney william xavier
    yolanda yvonne zach zachary zoe""".split()
)
# Only with a capital, and not at a sentence's beginning, where the word may be meant.
_WORDS_TOO = frozenset(
    """Amber Art Ben Bill Bob Bobby Brook Carl Carol Chad Chase Chuck Clay Cliff Cole Dale Dan Dawn Dean Don Drew Earl
    Eve Frank Gene Grace Grant Guy Hazel Heather Holly Hope Hunter Iris Ivy Jack Jay Jean Jim Jimmy Joan John Jon Jordan
    Joy Ken Lance Lee Lily Mark Marta Max Mia Miles Nick Olive Omar Pat Penny Pete Peter Ray Rich Rob Robin Ron Rose
    Ruby Rusty Sandy Skip Stan Ted Tess Trish Violet Wade Ward Will Dan Hank Gus Otto Marco Luca Mateo Nina Mina""".split()
)
_FAMILIES = (
    "Smith|Johnson|Williams|Brown|Jones|Garcia|Miller|Davis|Rodriguez|Martinez|Hernandez|Lopez|Gonzalez|Wilson|Anderson|Thomas"
    "|Taylor|Moore|Jackson|Martin|Lee|Perez|Thompson|White|Harris|Sanchez|Clark|Ramirez|Lewis|Robinson|Walker|Young|Nguyen"
    "|Allen|King|Wright|Scott|Torres|Hill|Flores|Green|Adams|Nelson|Baker|Hall|Rivera|Campbell|Mitchell|Carter|Roberts|Patel"
)
_NAME = r"[A-Z][a-z]+(?:'[A-Z][a-z]+)?"
_TITLED = re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Dr|Doctor|Chef|Coach|Professor|Nurse|Aunt|Uncle)\.?\s+({_NAME})")
_IN_A_ROLE = re.compile(
    r"\b(?:owner|founder|technician|tech|stylist|barber|baker|chef|manager|plumber|electrician|roofer|painter|gardener|trainer"
    rf"|coach|hygienist|receptionist|mechanic|foreman|apprentice|colleague|florist|groomer|cook|neighbor|customer|client),?\s+({_NAME})"
)
_SPOKEN_OF = re.compile(
    rf"\b(?:[Aa]sk for|[Ss]ay (?:hi|hello|hey) to|[Mm]eet|[Nn]amed|[Tt]hank(?:s| you),?(?: to)?|[Tt]alk to|[Bb]ook with)\s+({_NAME})"
    r"(?=\s*(?:[,.!?-]|$|and\b|from\b|at\b|in the\b|who\b|our\b|will\b|for\b|about\b))"
)
_A_FAMILY = re.compile(
    rf"\b[Tt]he ({_NAME}) (?:family|kids|household|brothers|sisters)\b|\b[Tt]he ((?:{_FAMILIES})(?:s|es))\b"
)
_CAPITALISED = re.compile(r"(?<![\w@#])([A-Z][a-z]+)\b")
_ANY = re.compile(r"(?<![\w@#./-])([A-Za-z][a-z]+)(?![\w@])")

_NO_PERSON = re.compile(
    r"(?i:\bst\.? (?:patrick|nicholas|valentine|joseph|thomas|mary|paul|john|louis|augustine)\w*|\bsaint \w+|\bsan(?:ta)? \w+"
    r"|\bjack(?: frost|-o'-lantern| russell|hammer)|\bmother nature|\bold man winter|\bmurphy's law|\bgranny smith|\bgoogle maps"
    r"|\b(?:allen|phillips|robertson|stillson|philips)[ -](?:wrench|key|screw|head|bolt|screwdriver)\w*|\bbradford pear|\bjames hardie"
    r"|\bearl grey|\bcaesar salad|\btom collins|\barnold palmer|\bjohnson grass|\bblack-eyed susan|\bsweet william|\bqueen anne\S*"
    r"|\bmartin luther king|\bjohn deere|\bbloody mary|\bvirgin mary|\bmary jane|\bsloppy joe\w*|\bpeter pan|\bpeppermint patt\w+"
    r"|\bharry potter|\boscar night|\bsam browne|\bray of|\bsally lunn|\bmary poppins|\bkaren carpenter|\bcup of joe|\baverage joe"
    r"|\btom,? dick|\bboston kelly|\bkelly green|\bmartin(?:'s)? day|\bel niño|\bking george|\bbishop \w+|\bking \w+|\bqueen \w+"
    r"|\bpope \w+|\bpresident \w+|\bemperor \w+)"
)
_OF_HISTORY = re.compile(
    r"(?:\b[A-Z][a-z]+\.? ){0,3}\b(?:Edison|Franklin|Tesla|Washington|Lincoln|Jefferson|Newton|Einstein|Galileo|Vinci|Michelangelo"
    r"|Shakespeare|Napoleon|Caesar|Crapper|Carrier|Graham Bell|Ford|Benz|Otis|Faraday|Volta|Watt|Pasteur|Fahrenheit|Celsius|Gogh"
    r"|Monet|Antoinette|Cleopatra|Twain|Columbus|Lloyd Wright|Goodyear|Dunlop|Diesel|Harington|Hippocrates|Aristotle|Darwin|Nightingale"
    r"|Roosevelt|Churchill|Gillette|Sassoon|Marcel|Pilates|Escoffier|Dahl|Linnaeus|Bach|Mozart|Beethoven|Whitman|Emerson|Thoreau)(?:'s)?\b"
)
_LONG_AGO = re.compile(
    r"\b1[0-8]\d\d\b|\b19[0-6]\d\b|\bcentur(?:y|ies)\b|\bancient\b|\binvent\w+|\bpatent\w*|\bdiscover\w+"
)
_ORDINARY = frozenset(
    "The A An Our Your Us You We It This That All Everyone Everybody God Goodness Me Somebody Whoever".split()
)


def people(sentence: Passage) -> Iterator[Claim]:
    """People by name. A name that anybody gave ("ask for Mike") is the fact."""
    if not sentence.ours and _LONG_AGO.search(sentence.text):
        return
    text = _OF_HISTORY.sub(" ", _NO_PERSON.sub(" ", sentence.cased))
    shouted = text.isupper()
    names = [match[1] for pattern in (_TITLED, _IN_A_ROLE, _SPOKEN_OF) for match in pattern.finditer(text)]
    names += [match[1] or match[2] for match in _A_FAMILY.finditer(text)]
    names += [match[1] for match in _CAPITALISED.finditer(text) if match[1] in _WORDS_TOO and not _begins(text, match)]
    names += [match[0] for match in _ANY.finditer(text.title() if shouted else text) if match[0].casefold() in _NAMES]
    for name in dict.fromkeys(names):
        if name not in _ORDINARY:
            yield Claim("person's name", name, f"name {name.casefold()}")


def _begins(text: str, match: re.Match[str]) -> bool:
    """Whether the word stands where any word has a capital, and nothing after it speaks for a name."""
    rest = text[match.end() :]
    return re.search(r"(?:^|[.!?:\"'])\W*$", text[: match.start()]) is not None and not re.match(
        r" (?:and [A-Z]|from|says|said|told|will|knows|has|is|runs|at the)\b|'s\b", rest
    )
