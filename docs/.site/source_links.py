"""Links out of docs/ into the repository (`../deploy/server.env`) work in the built site as well.

On GitHub they open the file. The site stands alone, so the files that pages link to are copied into
it as text. A link to a folder, which a browser could not show, becomes its words.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_LINK = re.compile(r"\[(?P<words>[^\]]*)\]\((?P<up>(?:\.\./)+)(?P<path>[^)#]+)\)")
_FOLDER = "source"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every linked file of the repository."""
    linked = {
        target
        for page in files.documentation_pages()
        for link in _LINK.finditer(page.content_string)
        if (target := _target(link, page, config)) is not None and target.is_file()
    }
    for target in sorted(linked):
        files.append(File.generated(config, _name(target, config), abs_src_path=str(target)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point the links at the copies."""
    del files

    def moved(link: re.Match[str]) -> str:
        target = _target(link, page.file, config)
        if target is None:
            return link[0]
        if target.is_dir():
            return link["words"]
        up = "../" * page.file.src_uri.count("/")
        return f"[{link['words']}]({up}{_name(target, config)})"

    return _LINK.sub(moved, markdown)


def _target(link: re.Match[str], page: File, config: MkDocsConfig) -> Path | None:
    """The file or folder outside docs/ that is meant; None for what MkDocs has to judge."""
    docs = Path(config.docs_dir)
    target = (docs / page.src_uri).parent.joinpath(link["up"], link["path"]).resolve()
    outside = target.exists() and not target.is_relative_to(docs)
    return target if outside else None


def _name(target: Path, config: MkDocsConfig) -> str:
    root = Path(config.docs_dir).parent
    return f"{_FOLDER}/{target.relative_to(root).as_posix()}.txt"
