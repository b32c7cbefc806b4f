// The dialogs that make, rotate and revoke a key, and show a new one, once.

import { ask, Refusal } from './api.js';
import { openDialog } from './dialog.js';
import { alertBox, button, copyButton, el, say, tell } from './dom.js';
import { Form } from './form.js';
import { grantable, scopes, types } from './words.js';

const DAY = 86400;

const named = (key) => key.name ?? key.public_id;

function refused(alert, form, refusal) {
	if (!(refusal instanceof Refusal))
		throw refusal;
	const { rest } = form.showFaults(refusal.faults);
	if (refusal.faults.length === 0)
		tell(alert, refusal);
	else
		alert.append(...rest.map(({ loc, msg }) => el('p', {},
		    `${loc.join(', ')}: ${msg}`)));
}

// A dialog with a form, an alert and one button that does it:
// { title, length, body, verb, kind, form, focusAfter, first, work(dialog) }
function openDoing(options) {
	const { form, work } = options;
	const alert = alertBox();
	const dialog = openDialog({ title: options.title, kind: options.length,
		focusAfter: options.focusAfter });
	let is_sending = false;
	const submit = button(options.verb, async () => {
		if (is_sending)
			return;
		is_sending = true;
		form.clearFaults();
		alert.replaceChildren();
		try {
			await work(dialog);
		} catch (refusal) {
			refused(alert, form, refusal);
		} finally {
			is_sending = false;
		}
	}, '', options.kind);
	dialog.body.append(...options.body);
	dialog.foot.append(alert, submit, button('Cancel', dialog.close));
	dialog.show(options.first ?? submit);
}

// The only time that anybody sees it.
function showKey(data, words, focusAfter) {
	const text = el('p', { class: 'secret key', tabindex: '0' },
	    data.api_key);
	const dialog = openDialog({ title: 'The new key', focusAfter,
		onClose: () => { text.textContent = ''; data.api_key = ''; } });
	const copy = copyButton(() => data.api_key, text, 'the key');
	dialog.body.append(el('p', {}, 'This is the only time that it is shown: ' +
	    'copy it to where it is used. Nobody can look it up, it can only be ' +
	    'rotated.'), text, ...words.map((line) => el('p', {}, line)));
	dialog.foot.append(copy, button('Close', dialog.close));
	dialog.show(copy);
}

// -- making one

function boxes(form, member, title, entries, chosen) {
	return form.anchor(`body.${member}`, el('fieldset', { class: 'boxes' },
	    el('legend', {}, title), el('div', { class: member },
		entries.map(([value, label, hint]) => form.check(
		    `${member} ${value}`, label,
		    { hint, checked: chosen.includes(value) })))));
}

function ticked(form, member, words) {
	return words.filter((word) => form.control(`${member} ${word}`).checked);
}

function keyFields(form, kinds) {
	return [form.text('body.name', 'Name', { hint: 'Where it is used' }),
		boxes(form, 'scopes', 'It may', grantable.map((scope) =>
		    [scope, scope, scopes[scope]]), ['read']),
		boxes(form, 'types', 'For integrations of', kinds.map(
		    (type) => [type, types[type]]), kinds),
		form.select('body.expires_in', 'Ends', [[90 * DAY, 'in 90 days'],
			[30 * DAY, 'in 30 days'], [365 * DAY, 'in a year'],
			['', 'never']])];
}

// All of them is no narrowing, where the key that makes it is not narrowed.
function typesOf(form, self, kinds) {
	const chosen = ticked(form, 'types', kinds);
	return self.types === null && chosen.length === kinds.length ? null
		: chosen;
}

export function openGenerate(session, onDone, focusAfter) {
	const { self } = session;
	const form = new Form();
	const kinds = self.types ?? Object.keys(types);
	const body = keyFields(form, kinds);
	async function work() {
		const seconds = form.control('body.expires_in').value;
		const { data } = await ask('POST', 'api-keys', { json: {
			name: form.control('body.name').value || null,
			scopes: ticked(form, 'scopes', grantable),
			types: typesOf(form, self, kinds),
			expires_in: seconds ? Number(seconds) : null } });
		showKey(data, [], focusAfter);
		say(`The key ${named(data)} was made.`);
		onDone();
	}
	openDoing({ title: 'Make a key', length: 'long', verb: 'Make the key',
		kind: 'primary', form, focusAfter, body, work,
		first: form.control('body.name') });
}

// -- rotating and revoking one

function pathOf(key, session) {
	return `api-keys/${key.public_id === session.self.public_id ? 'self'
		: key.public_id}`;
}

export function openRotate(key, session, onDone, focusAfter) {
	const is_mine = key.public_id === session.self.public_id;
	const form = new Form();
	const wait = form.select('body.overlap_seconds', 'The former key goes on ' +
	    'for', [[DAY, 'a day'], [7 * DAY, 'a week'], [3600, 'an hour'],
	    [0, 'no time: it ends at once']]);
	async function work() {
		const { data } = await ask('POST', `${pathOf(key, session)}/rotate`,
		    { json: { overlap_seconds: Number(
			form.control('body.overlap_seconds').value) } });
		if (is_mine)
			session.take(data);
		showKey(data, is_mine ? ['You are signed in with it from now on.']
			: [], focusAfter);
		say(`The key ${named(key)} was rotated.`);
		onDone();
	}
	openDoing({ title: `Rotate ${named(key)}`, verb: 'Rotate',
		kind: 'primary', form, focusAfter, work,
		first: form.control('body.overlap_seconds'),
		body: [el('p', {}, 'A new key takes its place, for the same ' +
		    'programs. Give it to them before the former one ends: from ' +
		    'then on they get 401, "Invalid API key".'), wait] });
}

function warnings(key, is_mine) {
	return [el('p', {}, 'Programs that use it get 401, "Invalid API key", ' +
	    'from their next request on. It cannot be taken back: they need ' +
	    'another key. What they have saved stays.'),
	...key.replaced_by ? [el('p', {}, `The key that has replaced it, ${
		key.replaced_by}, is revoked as well.`)] : [],
	...is_mine ? [el('p', { class: 'warning' }, 'This is the key that you ' +
	    'are signed in with: you are signed out, and need another to come ' +
	    'back.')] : []];
}

export function openRevoke(key, session, onDone, focusAfter) {
	const is_mine = key.public_id === session.self.public_id;
	async function work(dialog) {
		await ask('DELETE', pathOf(key, session));
		dialog.close();
		if (is_mine) {
			session.end('You have revoked the key that you were signed ' +
			    'in with.');
			return;
		}
		say(`The key ${named(key)} was revoked.`);
		onDone();
	}
	openDoing({ title: `Revoke ${named(key)}`, verb: 'Revoke', kind: 'grave',
		form: new Form(), focusAfter, work, body: warnings(key, is_mine) });
}
