"""Pages in a headless Chromium: opened from files, and watched."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Opened:
    """A page, what stood on its console, and what it asked for."""

    page: object
    messages: list = field(default_factory=list)
    requests: list = field(default_factory=list)

    def assert_quiet(self):
        """Nothing on the console, no exception, nothing asked of any network."""
        foreign = [url for url in self.requests if not url.startswith(("file:", "data:"))]
        noise = [*self.messages, *foreign]
        assert not noise, "\n".join(noise)


class Pages:
    """Opens pages, each in a context of its own."""

    def __init__(self, browser):
        self.browser = browser
        self.opened = []

    def open(self, path, **options):
        """Open the file at `path`; options are those of playwright's ``new_context``."""
        sized = {"viewport": {"width": 1280, "height": 800}, **options}
        opened = Opened(self.browser.new_context(**sized).new_page())
        self.opened.append(opened)
        opened.page.on("console", lambda message: opened.messages.append(message.text))
        opened.page.on("pageerror", lambda error: opened.messages.append(str(error)))
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.goto(Path(path).resolve().as_uri())
        return opened.page

    def close(self):
        """Close all of them."""
        for opened in self.opened:
            opened.page.context.close()
