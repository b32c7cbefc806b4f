// The page: signing in and out, and which view is shown.

import { forgetKey, onLost, useKey } from './api.js';
import { closeDialog } from './dialog.js';
import { button, el, say } from './dom.js';
import { keysView } from './keys.js';
import { integrationsView } from './list.js';
import { SignIn } from './signin.js';
import { listed, scopes } from './words.js';

const IDLE_MS = 15 * 60 * 1000;
const WARN_MS = 60 * 1000;
const views = { integrations: integrationsView, keys: keysView };

const byId = (id) => document.getElementById(id);
let session = null;
let pressed_at = 0;
let is_warned = false;

function show(...children) {
	byId('main').replaceChildren(...children);
}

function signOut(words = '') {
	forgetKey();
	session = null;
	closeDialog();
	say('');
	byId('nav').hidden = true;
	byId('who').hidden = true;
	byId('who').replaceChildren();
	document.title = 'Sign in \u2013 strongroom';
	const { view, field } = new SignIn(words, begin);
	show(view);
	field.focus();
}

// -- signed in

function begin(key, self) {
	useKey(key);
	pressed_at = Date.now();
	session = { self, end: signOut, take(data) {
		useKey(data.api_key);
		session.self = { ...session.self, public_id: data.public_id,
			name: data.name, expires_at: data.expires_at };
		drawWho();
	} };
	drawWho();
	byId('nav').hidden = false;
	route();
	sayLimits();
}

function drawWho() {
	const { self } = session;
	byId('who').replaceChildren(el('span', { class: 'small' }, self.user,
	    self.name ? `, key ${self.name}` : ''),
	    button('Sign out', () => signOut(), '', 'quiet'));
	byId('who').hidden = false;
}

// What the key is not for is hidden, which is said this once.
function sayLimits() {
	const { self } = session;
	const lacks = ['read', 'save', 'reveal', 'admin']
	    .filter((scope) => !self.scopes.includes(scope));
	if (lacks.length) {
		say(`This key is not for ${listed(lacks)} (${listed(lacks.map(
			(scope) => scopes[scope]))}); what needs that is hidden.`);
	}
}

function route() {
	if (!session)
		return;
	const name = views[location.hash.slice(1)] ? location.hash.slice(1)
		: 'integrations';
	closeDialog();
	say('');
	for (const link of byId('nav').children) {
		if (link.hash === `#${name}`)
			link.setAttribute('aria-current', 'page');
		else
			link.removeAttribute('aria-current');
	}
	show(views[name](session.self, session));
	const heading = document.querySelector('main h1');
	document.title = `${heading.textContent} \u2013 strongroom`;
	heading.focus();
}

// -- a session's end

function watchIdle() {
	if (!session)
		return;
	const left = IDLE_MS - (Date.now() - pressed_at);
	if (left <= 0)
		signOut('Signed out, after 15 minutes without a press.');
	else if (left <= WARN_MS && !is_warned) {
		is_warned = true;
		say('You are signed out in a minute: press any key to stay.');
	}
}

// One that comes too late does not count.
function press() {
	watchIdle();
	if (session && is_warned)
		say('');
	is_warned = false;
	pressed_at = Date.now();
}

for (const kind of ['keydown', 'pointerdown']) {
	addEventListener(kind, press, true);
}
setInterval(watchIdle, 5000);
document.addEventListener('visibilitychange', watchIdle);
addEventListener('pagehide', () => signOut());
addEventListener('hashchange', route);
byId('skip').addEventListener('click', (event) => {
	event.preventDefault();
	byId('main').focus();
});
onLost((refusal) => signOut(refusal.message));
signOut();
