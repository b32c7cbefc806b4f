"""Somebody who has never seen the settings page, with quickstart's key and a
keyboard, from signing in to deleting; and the pictures for README."""

import datetime

from browser import CONF, Page, ok, run, same
from settings_page import api
from selenium.webdriver.common.keys import Keys

# What the pictures show beside that: name, type, status, end in days.
OTHERS = [("Incident channel", "slack", "error", 1),
          ("Old mirror", "github", "inactive", -90),
          ("Release notes", "slack", "active", None),
          ("Team tracker", "linear", "pending", 40),
          ("Design handbook", "confluence", "active", -2),
          ("Customer support", "jira", "active", 3),
          ("Mobile app", "github", "active", 120)]


def is_said(page, words):
    page.wait("return document.getElementById('said').textContent.includes("
              "arguments[0])", words)


def choose(page, name, first_letters):
    page.tab_to(name)
    page.keys(first_letters)


def save_one(page):
    """An integration: first without a name."""
    page.go("Add an integration")
    choose(page, "Type", "GitHub")
    page.type_into("Access token", "gho_a-token-of-github")
    page.type_into("Ends at", "2031-01-01T00:00:00Z")
    page.go("Save")
    page.wait("return named('input', 'Name').getAttribute('aria-invalid')")
    same(page.fault_of("Name"),
         "ensure this value has at least 1 characters",
         "a name that is empty is a fault beside its field")
    same(page.focused(), "Name", "which has the focus")
    page.keys("Website")
    same(page.js("return named('input', 'Access token').value"),
         "gho_a-token-of-github", "what else was typed is there")
    page.keys(Keys.ENTER)
    is_said(page, "Website was saved.")
    page.wait("return named('button', 'Show Website')")


def narrower_key(page):
    """A key for a program that reads."""
    page.go("API keys")
    page.wait("return named('button', 'Make a key')")
    page.go("Make a key")
    page.type_into("Name", "deploy script")
    for box in ("Sentry", "Jira", "Linear", "Confluence", "Slack"):
        page.tab_to(box)
        page.keys(Keys.SPACE)
    page.go("Make the key")
    made = page.wait("return top().querySelector('.secret')?.textContent")
    page.go("Close")
    page.wait("return named('button', 'Rotate deploy script')")
    answer = api("GET", "integrations", key=made)[1]["data"]
    same([item["name"] for item in answer["integrations"]], ["Website"],
         "the narrower key lists what it is for")
    name = answer["integrations"][0]["integration_id"]
    same(api("GET", f"integrations/{name}/auth_data", key=made)[0], 403,
         "and is shown no token")


def reveal(page):
    """The token, and that it is in the audit."""
    page.go("Integrations")
    page.wait("return named('button', 'Show Website')")
    page.go("Show Website")
    page.wait("return named('button', 'Show the credentials')")
    page.go("Show the credentials")
    shown = page.wait("return top().querySelector('pre')?.textContent")
    ok("gho_a-token-of-github" in shown, "the token is shown")
    page.wait("return top().querySelector('.trail .name')?.textContent ==="
              "'reveal'")
    ok(page.key.split("_")[1] in page.js(
        "return top().querySelector('.trail li').textContent"),
       "and that it was, by whom, is in the audit")
    page.shot("show.png")
    page.keys(Keys.ESCAPE)
    page.wait("return !document.querySelector('dialog')")


def rotate(page):
    """One's own key."""
    page.go("API keys")
    page.wait("return named('button', 'Rotate quickstart')")
    page.go("Rotate quickstart")
    choose(page, "The former key goes on for", "no time")
    page.go("Rotate")
    page.wait("return top().querySelector('.secret')")
    former, page.key = page.key, page.js(
        "return top().querySelector('.secret').textContent")
    page.go("Close")
    page.wait("return !document.querySelector('dialog')")
    same([api("GET", "api-keys/self", key=key)[0]
          for key in (former, page.key)], [401, 200],
         "the key is rotated, and the page goes on with the new one")
    CONF["key"] = page.key


def delete(page):
    """The integration, by its name."""
    page.go("Integrations")
    page.wait("return named('button', 'Delete Website')")
    page.go("Delete Website")
    page.wait("return top().querySelector('input')")
    page.keys("Websit", Keys.ENTER)
    same(page.fault_of("Type the name to delete it: Website"),
         "This is not its name.", "a wrong name deletes nothing")
    page.keys("e")
    page.go("Delete Website")
    is_said(page, "Website was deleted.")
    same(page.js("return named('button', 'Delete Website') ?? null"), None,
         "it is gone")
    ok(page.js("return document.activeElement !== document.body"),
       "and the focus somewhere")
    page.go("Sign out")
    page.wait("return top().querySelector('h1')?.textContent === 'Sign in'")


def story():
    """all of it, by the keyboard alone"""
    with Page(expect=[422]) as page:
        same(page.focused(), "API key", "the focus waits at the field")
        page.key = CONF["key"]
        page.keys(CONF["key"], Keys.ENTER)
        page.wait("return named('button', 'Add an integration')")
        page.settled()
        for step in (save_one, narrower_key, reveal, rotate, delete):
            step(page)


def pictures():
    """the pictures"""
    now = datetime.datetime.now(datetime.timezone.utc)
    for name, kind, status, days in OTHERS:
        auth = {"access_token": "t-" + name}
        if days is not None:
            auth["expires_at"] = (now + datetime.timedelta(days=days)
                                  ).strftime("%Y-%m-%dT%H:%M:%SZ")
        status, _ = api("POST", "integrations/save", {
            "name": name, "integration_type": kind, "status": status,
            "active": status != "inactive", "auth_data": auth,
            "unique_identifier": name.lower().replace(" ", "-")})
        same(status, 200, f"{name} is saved")
    for scheme in ("light", "dark"):
        with Page(1120, 860, media={"scheme": scheme}) as page:
            page.keys(CONF["key"], Keys.ENTER)
            page.wait("return document.querySelectorAll('tbody tr').length")
            page.settled()
            page.js("document.activeElement.blur()")
            ok(page.shot(f"settings-{scheme}.png"), f"a picture, {scheme}")


if __name__ == "__main__":
    run([story, pictures])
