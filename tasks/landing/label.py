"""What a generated file says of itself, in XMP, which picture and video programs read.

Sources: XMP Specification parts 1 and 3 (Adobe); IPTC Photo Metadata Standard 2025.1, whose
`DigitalSourceType` and `AI…` properties are meant for generated media. A label holds no address:
the `http://…` in it are names of vocabularies.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

SOFTWARE = "globalaiopc-pipelines"
SOURCE_TYPE = "trainedAlgorithmicMedia"
PROMPT_CAP = 5_000
"""Characters of a prompt that a label has room for: it then adds at most 80 KB to a file."""

_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "job": "urn:globalaiopc-pipelines:job:1.0/",
}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Label:
    """A job, as its medium tells of it. `made` is when it was seen done.

    The same label gives the same bytes, whichever release writes it: a landing that is repeated
    writes the same file.
    """

    prompt: str
    model: str
    task_id: str
    job: str
    batch_id: str
    brief_id: str
    made: datetime | None

    @property
    def text(self) -> str:
        """The prompt, without what no XML may hold, cut at PROMPT_CAP characters."""
        clean = _NOT_XML.sub("", self.prompt)
        return clean if len(clean) <= PROMPT_CAP else clean[: PROMPT_CAP - 1] + "…"

    def xmp(self) -> bytes:
        """The packet, in UTF-8."""
        spaces = "\n".join(f'  xmlns:{name}="{uri}"' for name, uri in _NAMESPACES.items())
        term = f"http://cv.iptc.org/newscodes/digitalsourcetype/{SOURCE_TYPE}"
        lines = (
            _alternatives("dc:description", self.text) if self.text else "",
            _sequence("dc:creator", self.model),
            _element("xmp:CreatorTool", SOFTWARE),
            _element("xmp:CreateDate", f"{_utc(self.made):%Y-%m-%dT%H:%M:%SZ}")
            if self.made
            else "",
            _element("Iptc4xmpExt:DigitalSourceType", term),
            _element("Iptc4xmpExt:AISystemUsed", self.model),
            _element("Iptc4xmpExt:AIPromptInformation", self.text) if self.text else "",
            _element("job:Id", self.task_id),
            _element("job:Name", self.job),
            _element("job:Batch", self.batch_id),
            _element("job:Brief", self.brief_id),
        )
        body = "\n".join(line for line in lines if line)
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
            '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
            f'<rdf:RDF xmlns:rdf="{_NAMESPACES["rdf"]}">\n'
            f'<rdf:Description rdf:about=""\n{spaces}>\n{body}\n'
            "</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n"
            '<?xpacket end="r"?>'
        ).encode()


def _element(name: str, value: str) -> str:
    # A carriage return would be read back as a line feed.
    return f"<{name}>{escape(_NOT_XML.sub('', value), {chr(13): '&#13;'})}</{name}>"


def _alternatives(name: str, value: str) -> str:
    inner = _element("rdf:li", value).replace("<rdf:li>", '<rdf:li xml:lang="x-default">', 1)
    return f"<{name}><rdf:Alt>{inner}</rdf:Alt></{name}>"


def _sequence(name: str, value: str) -> str:
    return f"<{name}><rdf:Seq>{_element('rdf:li', value)}</rdf:Seq></{name}>"


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
