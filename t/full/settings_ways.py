"""The settings page: sessions, keys, the ways that it can go wrong, and for
whom it has to work."""

import hashlib
import os
import subprocess
import tarfile
import base64

from browser import CONF, Page, note, ok, run, same
from settings_page import api, find, make_key, remove, save
from selenium.webdriver.common.keys import Keys

AXE = ("axe-core", "4.10.3", "Xm7bpRXnDSX2YE2YFfBk2FnF0ep6tmG7xPh8iHee8MIcrgq76"
       "2Nkce856dYtJYLkuIoYZvGfTs/PbZhideTcEg==")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def signed_out(page, words):
    page.wait("return top().querySelector('h1')?.textContent === 'Sign in' &&"
              "top().textContent.includes(arguments[0])", words)
    same(page.js("return document.querySelectorAll('dialog, tbody tr').length"),
         0, f"signed out: {words or 'nothing is left'}")


def session():
    """a session ends by itself, and with it all that was shown"""
    key = make_key(scopes=["read", "save", "reveal"])
    item = save("Left behind")
    with Page(expect=[401]) as page:
        page.sign_in(key["api_key"])
        find(page, "Left behind")
        page.press("Show Left behind")
        page.press("Show the credentials")
        page.wait("return top().querySelector('pre')")
        page.js("skip(14 * 60 * 1000 + 1000)")
        page.wait("return top().textContent.includes('press any key')")
        page.keys(Keys.SHIFT)
        page.js("skip(14 * 60 * 1000 - 10000)")
        ok(page.js("return document.querySelector('h1')?.textContent ==="
                   "'Integrations'"), "a press in time keeps it")
        page.js("skip(80 * 1000)")
        page.keys(Keys.SHIFT)
        signed_out(page, "after 15 minutes without a press")
        page.sign_in(key["api_key"])
        page.press("Sign out")
        signed_out(page, "")
        page.sign_in(key["api_key"])
        page.driver.get("about:blank")
        page.driver.back()
        page.wait("return top().querySelector('h1')")
        signed_out(page, "")
        page.sign_in(key["api_key"])
        page.driver.refresh()
        page.wait("return top().querySelector('h1')")
        signed_out(page, "")
        page.sign_in(key["api_key"])
        api("DELETE", "api-keys/" + key["public_id"])
        find_soon(page, "x")
        signed_out(page, "Invalid API key")
    remove(item)


def find_soon(page, text):
    page.find("input", "Name").send_keys(text)


def narrow():
    """what a key is not for is hidden, and said once"""
    key = make_key(scopes=["read"], types=["github"])
    with Page() as page:
        page.sign_in(key["api_key"])
        ok("This key is not for save, reveal and admin" in page.text(),
           "it says what is hidden")
        names = set(page.js("return [...document.querySelectorAll('main button"
                            "')].map((button) => nameOf(button).split(' ')[0])"
                            ))
        same(names - {"Show", "More", "Clear"}, set(), "nothing but Show")
        same(page.js("return [...named('select', 'Type').options]"
                     ".map((option) => option.value)"), ["", "github"],
             "no type that it may not see")
        page.js("named('button', [...document.querySelectorAll('td button')]"
                ".map(nameOf)[0]).click()")
        page.find("button", "Close")
        ok("audit trail" not in page.text(), "a dialog without the secret")
        page.press("Close")
        page.press("API keys")
        page.find("button", "Rotate test")
        ok("not for" not in page.text(), "it is said once")
        same(page.js("return document.querySelectorAll('tbody tr').length"), 1,
             "of the keys its own")
    api("DELETE", "api-keys/" + key["public_id"])


def keys():
    """a key is made, used, rotated and revoked"""
    with Page(expect=[422, 401]) as page:
        mine = make_key(scopes=["admin", "read"])
        page.sign_in(mine["api_key"])
        page.press("API keys")
        page.press("Make a key")
        page.fill("Name", "for the test")
        page.press_box("read")
        page.press("Make the key")
        page.wait("return top().querySelector('.boxes > .fault').textContent")
        ok(page.js("return top().querySelector('.boxes').contains("
                   "document.activeElement)"), "no scope is a fault there")
        for box in ("reveal", "read", "Sentry", "Jira", "Linear", "Confluence",
                    "Slack"):
            page.press_box(box)
        page.press("Make the key")
        made = page.wait("return top().querySelector('.secret')?.textContent")
        same(page.js("return top().querySelectorAll('.secret').length"), 1,
             "it is shown")
        page.press("Close")
        ok(made[13:] not in page.js("return document.documentElement"
                                    ".outerHTML"), "once")
        status, answer = api("GET", "api-keys/self", key=made)
        same((status, answer["data"]["scopes"], answer["data"]["types"]),
             (200, ["read", "reveal"], ["github"]), "it is as it was wanted")
        page.press("Rotate for the test")
        page.fill("The former key goes on for", "no time: it ends at once")
        page.press("Rotate")
        new = page.wait("return top().querySelector('.secret')?.textContent")
        page.press("Close")
        same([api("GET", "api-keys/self", key=key)[0] for key in (made, new)],
             [401, 200], "rotated, the former one is over")
        page.press("Revoke for the test")
        ok("401" in page.text() and "next request" in page.text(),
           "what happens to programs is said")
        page.press("Revoke")
        page.wait("return document.getElementById('said').textContent.includes("
                  "'was revoked')")
        same(api("GET", "api-keys/self", key=new)[0], 401, "revoked")

        page.press("Rotate test")
        page.press("Rotate")
        own = page.wait("return top().querySelector('.secret')?.textContent")
        ok("signed in with it from now on" in page.text(), "one's own, too")
        page.key = own
        page.press("Close")
        same(own.split("_")[1] != mine["public_id"], True, "it is another")
        api("DELETE", "api-keys/" + own.split("_")[1], key=own)
        page.press("Integrations")
        signed_out(page, "Invalid API key")
        last = make_key(scopes=["admin", "read"], name="last")
        page.sign_in(last["api_key"])
        page.press("API keys")
        page.press("Revoke last")
        ok("you are signed out" in page.text(), "revoking one's own says so")
        page.press("Revoke")
        signed_out(page, "You have revoked the key")


def away():
    """a service that is away, or does not answer, or a host that forbids"""
    item = save("Still here")
    with Page() as page:
        page.sign_in(CONF["key"])
        page.cdp("Network.enable")
        page.cdp("Network.emulateNetworkConditions", offline=True, latency=0,
                 downloadThroughput=-1, uploadThroughput=-1)
        find_soon(page, "Still here")
        page.wait("return top().textContent.includes('cannot be reached')")
        page.cdp("Network.emulateNetworkConditions", offline=False,
                 latency=0, downloadThroughput=-1, uploadThroughput=-1)
        page.press("Retry")
        find(page, "Still here")
        page.cdp("Network.emulateNetworkConditions", offline=False,
                 latency=60000, downloadThroughput=-1, uploadThroughput=-1)
        page.press("Add an integration")
        page.fill("Name", "Slow")
        page.press("Save")
        page.wait("return top().textContent.includes('no answer within 10 "
                  "seconds. Whether it was done is not known')")
        page.cdp("Network.emulateNetworkConditions", offline=False,
                 latency=0, downloadThroughput=-1, uploadThroughput=-1)
        page.driver.get_log("browser")
    with Page(url=CONF["refusing_url"], expect=[403]) as page:
        page.sign_in(CONF["key"])
        find(page, "Still here")
        page.press("Edit Still here")
        page.find("button", "Save")
        page.fill("Name", "Changed here")
        page.press("Save")
        page.wait("return document.getElementById('said').textContent ==="
                  "'Changed here was changed.'")
        page.press("Delete Changed here")
        page.fill("Type the name to delete it: Changed here", "Changed here")
        page.press("Delete Changed here")
        page.wait("return document.getElementById('said').textContent ==="
                  "'Changed here was deleted.'")
    same(api("GET", "integrations/" + item["integration_id"])[0], 404,
         "where PATCH and DELETE do not pass it finds another way")


def unprotected():
    """plain HTTP is warned of, and without JavaScript there is another way"""
    with Page(url=CONF["insecure_url"], args=[
            "--host-resolver-rules=MAP strongroom.test 127.0.0.1"],
            expect=["Cross-Origin-Opener-Policy"]) as page:
        ok("came over plain HTTP" in page.text(), "the warning")
        page.sign_in(CONF["key"])
    with Page() as page:
        ok("plain HTTP" not in page.text(), "which is not on the loopback")
        page.cdp("Emulation.setScriptExecutionDisabled", value=True)
        page.driver.refresh()
        body = page.driver.find_element("css selector", "main").text
        ok("strongroom integration list" in body, "the command line is named")
        page.cdp("Emulation.setScriptExecutionDisabled", value=False)
        page.driver.refresh()
        page.wait("return top().querySelector('h1')")


# -- for whom it has to work

def every_view(page):
    """Each view and dialog of the page, one after the other."""
    yield "sign in"
    page.sign_in(CONF["states_key"])
    yield "integrations"
    page.press("What a token\u2019s state means")
    yield "what states mean"
    page.press("Add an integration")
    page.press("Save")
    page.wait("return named('select', 'Type').getAttribute('aria-invalid')")
    for part in ("Further credentials", "Where it applies", "Notes"):
        page.press(part)
    yield "add, with faults"
    page.press("Cancel")
    page.press("Edit Valid one")
    page.find("button", "Save")
    yield "edit"
    page.press("Cancel")
    page.press("Show Valid one")
    page.press("Show the credentials")
    page.wait("return top().querySelector('.trail')")
    yield "show"
    page.press("Close")
    page.press("Delete Valid one")
    yield "delete"
    page.press("Cancel")
    page.press("API keys")
    page.find("button", "Rotate states")
    yield "keys"
    for name in ("Make a key", "Rotate states", "Revoke states"):
        page.press(name)
        yield name
        page.press("Cancel")


def fits():
    """320 pixels wide, zoomed to 400 %, and in between"""
    for width, height, scale in ((320, 640, 1), (320, 256, 4), (768, 1024, 1),
                                 (1280, 900, 1)):
        with Page(width, height, scale=scale, expect=[422]) as page:
            wide, small, hidden = [], [], []
            for view in every_view(page):
                if page.js("return Math.max(document.scrollingElement"
                           ".scrollWidth, ...[...document.querySelectorAll("
                           "'dialog')].map((d) => d.scrollWidth)) >"
                           " innerWidth"):
                    wide.append(view)
                small += [(view, *what) for what in page.js("""
                    return [...top().querySelectorAll(
                        'button, input, select, textarea, summary, nav a')]
                        .filter((control) => control.checkVisibility())
                        .map((control) => [nameOf(control),
                            (control.type === 'checkbox' ? control.parentNode
                                : control).getBoundingClientRect().height])
                        .filter(([, height]) => height < 44)""")]
                hidden += [(view, what) for what in page.js("""
                    return [...top().querySelectorAll('button, input, select')]
                        .filter((control) => control.checkVisibility())
                        .filter((control) => {
                            control.focus();
                            control.scrollIntoView({ block: 'nearest' });
                            const box = control.getBoundingClientRect();
                            const at = document.elementFromPoint(
                                box.left + box.width / 2,
                                box.top + box.height / 2);
                            return !at || !(control.contains(at) ||
                                at.contains(control));
                        }).map(nameOf)""")]
            size = f"{width} x {height}, {scale} times as large"
            same(wide, [], f"{size}: nothing is wider")
            same(small, [], f"{size}: everything can be hit")
            same(hidden, [], f"{size}: nothing covers what has the focus")


def contrasts():
    """dark, forced colours, reduced motion: it is all there"""
    with Page(media={"scheme": "dark"}, expect=[422]) as page:
        dark = page.js("return getComputedStyle(document.body).backgroundColor")
        page.media("light")
        light = page.js("return getComputedStyle(document.body)"
                        ".backgroundColor")
        levels = [sum(map(int, colour[4:-1].split(", ")))
                  for colour in (dark, light)]
        ok(levels[0] < 150 and levels[1] > 700, "dark is dark", levels=levels)
    with Page(media={"forced_colors": "active",
                     "prefers_reduced_motion": "reduce"},
              expect=[422]) as page:
        lost, moving = [], []
        for view in every_view(page):
            lost += [(view, what) for what in page.js("""
                return [...top().querySelectorAll('button, input, select, a')]
                    .filter((control) => control.checkVisibility())
                    .filter((control) => {
                        document.activeElement.blur();
                        control.focus({ focusVisible: true });
                        const style = getComputedStyle(control);
                        return style.outlineStyle === 'none' ||
                            parseFloat(style.outlineWidth) < 2;
                    }).map(nameOf)""")]
            moving += page.js("return document.getAnimations().map((moving) =>"
                              "`${moving.transitionProperty} ${moving.effect"
                              ".target.outerHTML}`)")
        same(lost, [], "the focus can be seen everywhere")
        same(moving, [], "and nothing moves")


def names():
    """each control has a name, the page landmarks and one h1"""
    with Page(expect=[422]) as page:
        page.cdp("Accessibility.enable")
        nameless, many = [], []
        for view in every_view(page):
            tree = page.cdp("Accessibility.getFullAXTree")["nodes"]
            roles = [node["role"]["value"] for node in tree
                     if not node.get("ignored") and "role" in node]
            for node in tree:
                properties = {entry["name"]: entry["value"].get("value")
                              for entry in node.get("properties", [])}
                if node.get("ignored") or not properties.get("focusable"):
                    continue
                if not node.get("name", {}).get("value") and \
                        node["role"]["value"] not in ("main", "dialog"):
                    nameless.append((view, node["role"]["value"]))
            modal = page.js("return top() !== document.body")
            if not modal and roles.count("main") != 1:
                many.append((view, "main"))
            if page.js("return document.querySelectorAll('h1').length") != 1:
                many.append((view, "h1"))
        same(nameless, [], "each has a name")
        same(many, [], "one main, one h1")


def axe_source():
    """axe-core as npm has it, if it is the one that is meant; or None."""
    name, version, digest = AXE
    file = f"{CONF['cache']}/{name}-{version}.tgz"
    if not os.path.exists(file):
        try:
            subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"],
                           cwd=CONF["cache"], check=True, timeout=120,
                           stdout=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError):
            return None
    with open(file, "rb") as packed:
        found = base64.b64encode(hashlib.sha512(packed.read()).digest())
    if found.decode() != digest:
        raise AssertionError(f"{file} is not the {name} that is meant")
    with tarfile.open(file) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


def axe():
    """WCAG 2.2 AA, by axe-core, light and dark"""
    source = axe_source()
    if source is None:
        note("there is no npm, or it has no network: axe-core does not look")
        return
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 320)):
        with Page(width, media={"scheme": scheme, "prefers_reduced_motion":
                                "reduce"}, expect=[422]) as page:
            found = []
            for view in every_view(page):
                found += [(view, *what) for what in axe_says(page, source)]
            same(found, [], f"{scheme}, {width} pixels: nothing to complain of")
    with Page() as page:
        page.js("top().querySelector('label').remove()")
        ok(axe_says(page, source), "a field without a label is")


def axe_says(page, source):
    """In a world of its own, for the page's policy lets nothing in."""
    frame = page.cdp("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = page.cdp("Page.createIsolatedWorld", frameId=frame,
                     worldName="axe")["executionContextId"]
    page.cdp("Runtime.evaluate", contextId=world, expression=source)
    said = page.cdp(
        "Runtime.evaluate", contextId=world, awaitPromise=True,
        returnByValue=True, expression="axe.run(document, { runOnly: "
        f"{TAGS} }}).then((result) => result.violations.map((found) =>"
        "[found.id, found.nodes.map((node) => node.html).slice(0, 3)]))")
    return said["result"]["value"]


if __name__ == "__main__":
    run([session, narrow, keys, away, unprotected, fits, contrasts, names, axe])
