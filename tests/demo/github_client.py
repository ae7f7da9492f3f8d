"""The client with which a test calls the demo's GitHub."""

from contextlib import contextmanager

import requests

from demo.github.serving import REPOSITORY, TOKEN, github

SHA = "a" * 40


class Client:
    """A client of one demo GitHub; paths are relative to /repos/OWNER/NAME."""

    def __init__(self, hub, url):
        self.hub, self.url = hub, url
        self.root = f"{url}/repos/{REPOSITORY}"

    def ask(self, method, path, body=None, *, token=TOKEN, **query):
        url = path if path.startswith("http") else self.root + path
        headers = {"Authorization": f"Bearer {token}"}
        more = {"params": query, "allow_redirects": False, "timeout": 10}
        return requests.request(method, url, json=body, headers=headers, **more)

    def get(self, path, **query):
        """The JSON of an answer, which must have status 200."""
        answer = self.ask("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def served(hub):
    with github(hub) as url:
        yield Client(hub, url)
