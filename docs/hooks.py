"""What the site needs besides its pages: those that stand elsewhere in the repository, and nothing from the web."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url

ROOT = Path(__file__).parent.parent
PAGES = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md"}
LINKS = {"](docs/": "](", 'src="docs/': 'src="'} | {f"]({source})": f"]({page})" for page, source in PAGES.items()}

SHIM, OWN_SHIM = "https://unpkg.com/iframe-worker/shim", "assets/iframe-worker.js"
"""What the theme loads for searching from disk, and our copy of it."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add README and contributing guide as pages, with links as the site has them."""
    for page, source in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        for there, here in LINKS.items():
            text = text.replace(there, here)
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page, config: MkDocsConfig, files: Files) -> str:
    """Links from a page to one of them."""
    root = "../" * (page.file.src_uri.count("/") + 1)
    for there, here in PAGES.items():
        markdown = markdown.replace(f"]({root}{here}", f"]({get_relative_url(there, page.file.src_uri)}")
    return markdown


def on_post_page(output: str, page, config: MkDocsConfig) -> str:
    """The shim from disk."""
    return output.replace(SHIM, get_relative_url(OWN_SHIM, page.url))


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """The same for the page of what is not found."""
    return output_content.replace(SHIM, OWN_SHIM)
