"""Debian's Chromium for the tests of the settings page: what a user does, by
mouse or by keyboard alone, and what of it is looked at in every test. Results
are lines of JSON, which settings.t makes into TAP."""

import base64
import json
import sys
import time

from selenium import webdriver
from selenium.common.exceptions import (
    ElementNotInteractableException, StaleElementReferenceException,
    WebDriverException)
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

with open(sys.argv[1], encoding="utf-8") as _file:
    CONF = json.load(_file)
WAIT_S = 60

# Before the page's own: what goes against its policy, what it trips over, and a
# clock that can be put forward.
WATCH = """
window.seen = { violations: [], errors: [] };
addEventListener('securitypolicyviolation', (event) => seen.violations.push(
    `${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
addEventListener('error', (event) => seen.errors.push(event.message));
addEventListener('unhandledrejection',
    (event) => seen.errors.push(String(event.reason)));
const now = Date.now.bind(Date);
let ahead = 0;
Date.now = () => now() + ahead;
window.skip = (ms) => { ahead += ms; };
"""

# The name by which somebody who does not see it knows an element.
NAME = """
function nameOf(element) {
    const label = element.labels && element.labels[0];
    return (element.getAttribute('aria-label') || (label || element)
        .textContent).replace(/\\s+/g, ' ').trim();
}
function top() {
    return document.querySelector('dialog[open]') || document.body;
}
function named(selector, name) {
    return [...top().querySelectorAll(selector)].find((element) =>
        nameOf(element) === name && element.checkVisibility());
}
"""


def said(line):
    print(json.dumps(line), flush=True)


def ok(is_true, name, **why):
    said({"ok": bool(is_true), "name": name,
          "why": json.dumps(why, default=str)[:4000]})
    return bool(is_true)


def same(got, want, name):
    return ok(got == want, name, got=got, want=want)


def note(text):
    said({"note": text})


class Page:
    """One browser, at the page; use it with "with"."""

    def __init__(self, width=1280, height=900, media=None, scale=1, url=None,
                 args=(), expect=()):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for arg in ("--headless=new", "--disable-dev-shm-usage",
                    "--hide-scrollbars", "--lang=en",
                    f"--window-size={width},{height}", *args):
            options.add_argument(arg)
        options.set_capability("goog:loggingPrefs",
                               {"browser": "ALL", "performance": "ALL"})
        self.url = url or CONF["url"]
        self.expect = set(expect)
        self.is_control = False
        self.key = None
        self.driver = webdriver.Chrome(
            service=Service("/usr/bin/chromedriver"), options=options)
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        self.cdp("Emulation.setDeviceMetricsOverride", width=width,
                 height=height, deviceScaleFactor=scale, mobile=False)
        self.media(**(media or {}))

    def __enter__(self):
        try:
            self.open()
        except BaseException:
            self.driver.quit()
            raise
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None and not self.is_control:
                self.look_back()
            elif kind is not None:
                self.shot("failed.png")
        finally:
            self.driver.quit()

    # -- the browser

    def cdp(self, method, **params):
        return self.driver.execute_cdp_cmd(method, params)

    def js(self, code, *args):
        return self.driver.execute_script(NAME + code, *args)

    def media(self, scheme="light", **more):
        features = {"prefers-color-scheme": scheme, **more}
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value}
            for name, value in features.items()])

    def open(self):
        self.driver.get(self.url)
        self.wait("return top().querySelector('input[type=password]')")

    def wait(self, code, *args):
        """Until the code returns something; that."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            got = self.js(code, *args)
            if got:
                return got
            time.sleep(0.02)
        raise TimeoutError(code)

    def settled(self):
        return self.wait("return !document.querySelector('[aria-busy]')")

    def shot(self, name):
        data = self.cdp("Page.captureScreenshot", format="png")["data"]
        path = f"{CONF['dir']}/{name}"
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
        return path

    def text(self):
        return self.js("return top().textContent")

    # -- a user

    def find(self, selector, name):
        return self.wait("return named(...arguments)", selector, name)

    def press(self, name):
        """Again where it was just replaced by another of that name."""
        end = time.monotonic() + WAIT_S
        while True:
            try:
                return self.click(self.find("button, a, summary", name))
            except (StaleElementReferenceException,
                    ElementNotInteractableException):
                if time.monotonic() > end:
                    raise

    def press_box(self, name):
        """A box to tick, by its label; hints belong to a name for some."""
        self.click(self.find("input[type=checkbox]", name))

    def click(self, element):
        self.js("arguments[0].scrollIntoView({ block: 'center' })", element)
        element.click()

    def fill(self, label, text):
        field = self.find("input, textarea, select", label)
        if field.tag_name == "select":
            field.find_element("xpath", f"option[.='{text}']").click()
        else:
            field.clear()
            field.send_keys(text)

    def sign_in(self, key):
        self.key = key
        self.fill("API key", key)
        self.press("Sign in")
        self.wait("return !document.getElementById('who').hidden")
        self.settled()

    def keys(self, *text):
        ActionChains(self.driver).send_keys(*text).perform()

    def focused(self):
        return self.js("return nameOf(document.activeElement)")

    def tab_to(self, name, key=Keys.TAB, most=80):
        """By the keyboard, as far as it takes."""
        for _ in range(most):
            if self.focused() == name:
                return
            self.keys(key)
        raise TimeoutError(f"Tab does not come to {name}: {self.focused()}")

    def type_into(self, name, text):
        self.tab_to(name)
        self.keys(text)

    def go(self, name):
        self.tab_to(name)
        self.keys(Keys.ENTER)

    def fault_of(self, label):
        """What is said of a field, as who hears its description has it."""
        return self.js("""
            const field = named('input, textarea, select', arguments[0]);
            return field.getAttribute('aria-invalid') === 'true' &&
                field.getAttribute('aria-describedby').split(' ')
                    .map((id) => document.getElementById(id))
                    .filter((element) => element.checkVisibility() &&
                        element.classList.contains('fault'))
                    .map((element) => element.textContent).join(' ')
            """, label)

    # -- what is looked at in every test

    def problems(self):
        """What has gone on behind the user's back."""
        console = [line["message"] for line in self.driver.get_log("browser")
                   if line["level"] != "DEBUG" and not self.is_expected(line)]
        requests = [event["params"]["request"]["url"] for event in (
            json.loads(line["message"])["message"]
            for line in self.driver.get_log("performance"))
            if event["method"] == "Network.requestWillBeSent"
            and event["params"]["documentURL"].startswith("http")]
        origin = self.url[:self.url.index("/", 8) + 1]
        seen = self.js("return seen")
        return {
            "said in the console": console,
            "asked of others": [url for url in requests
                                if not url.startswith(origin)],
            "asked of nobody": [] if requests else ["nothing"],
            "against the policy": seen["violations"],
            "gone wrong": seen["errors"],
            "stored": self.stored(),
            "the key in the page": ["it is"] if self.shows_key() else [],
        }

    def look_back(self):
        same({what: list_ for what, list_ in self.problems().items() if list_},
             {}, "console, requests, policy and storage are clean")

    def is_expected(self, line):
        return any(f"status of {what} " in line["message"]
                   or f"{what} header" in line["message"]
                   for what in self.expect)

    def stored(self):
        kept = self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            (async () => [...Object.keys(localStorage),
                ...Object.keys(sessionStorage), document.cookie,
                ...(await indexedDB.databases()).map((base) => base.name),
                ...self.caches ? await caches.keys() : [],
                history.state])().then(done)""")
        return [name for name in kept if name]

    def shows_key(self):
        places = self.js("""return document.documentElement.outerHTML +
            location.href + document.referrer + window.name +
            [...document.querySelectorAll('input, textarea')]
                .map((field) => field.value).join(' ')""")
        return self.key is not None and self.key[13:] in places


def run(tests):
    """Each of them; one that dies says so, and does not end the others. With
    SR_PAGE those alone that have one of its words in their names."""
    words = CONF["only"].split()
    for test in tests:
        if words and not any(word in test.__name__ for word in words):
            continue
        note(f"-- {test.__doc__}")
        try:
            test()
        except (WebDriverException, TimeoutError, AssertionError, KeyError,
                OSError) as error:
            ok(False, f"{test.__name__} comes to its end",
               error=f"{type(error).__name__}: {error}")
    said({"end": True})
