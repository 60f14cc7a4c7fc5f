"""Reading XML that nobody vouches for: no entity, no other file, no depth without end.

What is beyond repair is an error with its line; control characters and wrong encodings, which
many writers leave in their output, are replaced.
"""

from __future__ import annotations

import codecs
import re
from pyexpat import ExpatError, ParserCreate, errors
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pyexpat import XMLParserType

    from qlty.ingest._source import Source

#: elements in each other; suites of real writers stay below twenty
MOST_DEPTH = 200

#: bytes of one tag with its attributes
_MOST_TAG = 16_777_216

_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
_NO_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,7})|(\d{1,8}));")
#: an unfinished reference at the end of a piece
_HALF = re.compile(r"&#?[0-9a-zA-Z]{0,9}$")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_INVALID_TOKEN = errors.codes[errors.XML_ERROR_INVALID_TOKEN]
_ENCODING_ERRORS = {
    errors.codes[errors.XML_ERROR_UNKNOWN_ENCODING],
    errors.codes[errors.XML_ERROR_INCORRECT_ENCODING],
}
_REPAIRABLE = _ENCODING_ERRORS | {
    _INVALID_TOKEN,
    errors.codes[errors.XML_ERROR_BAD_CHAR_REF],
}
_CUT_OFF = {
    errors.codes[errors.XML_ERROR_NO_ELEMENTS],
    errors.codes[errors.XML_ERROR_UNCLOSED_TOKEN],
    errors.codes[errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
    errors.codes[errors.XML_ERROR_PARTIAL_CHAR],
    errors.codes[errors.XML_ERROR_ASYNC_ENTITY],
}
_PLAIN = {
    errors.codes[errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]: "more than one root element, or text "
    "behind it",
    errors.codes[errors.XML_ERROR_MISPLACED_XML_PI]: "text before the XML declaration",
    errors.codes[errors.XML_ERROR_DUPLICATE_ATTRIBUTE]: "an attribute is given twice",
}


class XmlError(Exception):
    """A file is no XML from some line on.

    Attributes:
        line: from 1.
        text: what is wrong.
        repairable: replacing characters would help.
    """

    def __init__(self, line: int, text: str, *, repairable: bool = False) -> None:
        super().__init__(text)
        self.line = line
        self.text = text
        self.repairable = repairable


class Parser:
    """Calls handlers for what stands in a file; it keeps nothing of it.

    Attributes:
        expat: the parser itself; handlers may set ``CharacterDataHandler``.
    """

    def __init__(
        self,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None],
        *,
        repaired: bool = False,
    ) -> None:
        """Make one; ``repaired`` where the text comes from :func:`repaired`, which is UTF-8."""
        self.expat: XMLParserType = ParserCreate("utf-8" if repaired else None)
        self.expat.buffer_text = True
        self.expat.buffer_size = 65_536
        self.expat.StartElementHandler = start
        self.expat.EndElementHandler = end
        self.expat.EntityDeclHandler = self._refuse
        self.expat.ExternalEntityRefHandler = self._refuse

    def _refuse(self, *_: object) -> NoReturn:
        raise XmlError(
            self.expat.CurrentLineNumber,
            "it declares an entity, which no results need and which can name other files or grow "
            "without end",
        )

    def read(self, chunks: Iterable[bytes]) -> None:
        """Read it to its end.

        Raises:
            XmlError: it is no XML, or not all of it.
            OSError: it cannot be read.
        """
        try:
            fed = 0
            for chunk in chunks:
                self.expat.Parse(chunk, False)
                fed += len(chunk)
                self._check(fed)
            self.expat.Parse(b"", True)
        except ExpatError as error:
            raise _explained(error) from None
        except (ValueError, LookupError) as error:  # pyexpat's, for an encoding of several bytes
            line = self.expat.CurrentLineNumber
            raise XmlError(line, f"its encoding: {error}", repairable=True) from None

    def _check(self, fed: int) -> None:
        """Refuse a tag without end, of which each further piece takes longer than the one before.

        Raises:
            XmlError: it is one.
        """
        if fed - self.expat.CurrentByteIndex > _MOST_TAG:
            line = self.expat.CurrentLineNumber
            raise XmlError(line, f"one tag has more than {_MOST_TAG // 1_048_576} MB")


def too_deep(line: int) -> XmlError:
    """Return what refuses elements that are in each other without end."""
    return XmlError(line, f"more than {MOST_DEPTH} elements in each other")


def _explained(error: ExpatError) -> XmlError:
    words = errors.messages.get(error.code, "it is no XML")
    if error.code in _CUT_OFF:
        return XmlError(error.lineno, f"the file ends in the middle ({words})")
    return XmlError(
        error.lineno,
        f"it is no XML from here on: {_PLAIN.get(error.code, words)}",
        repairable=error.code in _REPAIRABLE,
    )


def repaired(source: Source) -> Iterator[bytes]:
    """Yield a file as UTF-8, with a mark for each character that XML cannot hold."""
    decoder = codecs.getincrementaldecoder(_encoding(source.head(1024)))("replace")
    rest = ""
    for chunk in source.chunks():
        text = rest + decoder.decode(chunk)
        half = _HALF.search(text)
        text, rest = (text[: half.start()], half[0]) if half else (text, "")
        yield _replaced(text)
    yield _replaced(rest + decoder.decode(b"", True))


def _replaced(text: str) -> bytes:
    text = _NO_CHARACTER.sub(_REPLACEMENT, _REFERENCE.sub(_reference, text))
    return text.encode("utf-8", "replace")


def _reference(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    if number > 0x10FFFF or _NO_CHARACTER.match(chr(number)):
        return _REPLACEMENT
    return match[0]


def _encoding(head: bytes) -> str:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return name
    declared = _ENCODING.search(head)
    try:
        name = codecs.lookup(declared[1].decode()).name if declared else "utf-8"
        # a declaration that can be read as ASCII is not of an encoding that cannot
        return name if b"<?xml".decode(name) == "<?xml" else "utf-8"
    except (LookupError, UnicodeError, TypeError):
        return "utf-8"
