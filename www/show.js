// The dialog that shows an integration: what is known of it, its credentials if
// somebody wants them, and for an admin what was done to it last.

import { ask, query } from './api.js';
import { openDialog } from './dialog.js';
import { alertBox, button, copyButton, el, tell } from './dom.js';
import { timeElement } from './time.js';
import { types } from './words.js';

const SECONDS = 60;

// The very bytes that are kept: what JSON.parse would make of them might have
// other numbers and fewer members.
function bytesOf(answer) {
	return /"auth_data":([^]*)\},"error":null\}\s*$/.exec(answer.text)[1];
}

function entry(name, ...value) {
	return [el('dt', {}, name), el('dd', {}, ...value)];
}

function lastShown(auth) {
	if (!auth.last_revealed_at)
		return 'never';
	return [timeElement(auth.last_revealed_at), auth.reveal_count === 1
		? ', the only time' : `, ${auth.reveal_count} times in all`];
}

function facts(data) {
	const place = Object.entries(data.scope_data ?? {});
	return el('dl', {}, entry('Type', types[data.integration_type]),
	    entry('Identifier', el('span', { class: 'code' },
		data.unique_identifier)),
	    entry('Id', el('span', { class: 'code' }, data.integration_id)),
	    entry('Created', timeElement(data.created_at)),
	    place.map(([name, value]) => entry(name, typeof value === 'object'
		? JSON.stringify(value) : String(value))),
	    data.metadata.description
		? entry('Description', data.metadata.description) : [],
	    data.metadata.tags.length
		? entry('Tags', data.metadata.tags.join(', ')) : [],
	    entry('Token shown', ...[lastShown(data.auth)].flat()));
}

// The bytes, until somebody closes them or a minute is over.
function secretView(answer, onGone) {
	const bytes = bytesOf(answer);
	const token = answer.data.auth_data?.access_token;
	const text = el('pre', { class: 'secret', tabindex: '0',
		'aria-label': 'The credentials' }, bytes);
	const left = el('span', { class: 'small' });
	let end = Date.now() + SECONDS * 1000;
	function count() {
		const seconds = Math.ceil((end - Date.now()) / 1000);
		left.textContent = `Gone in ${seconds} s`;
		if (seconds <= 0)
			onGone();
	}
	const timer = setInterval(count, 1000);
	const copy = copyButton(() => bytes, text, 'all');
	const buttons = el('p', { class: 'actions' }, copy,
	    typeof token === 'string' && token !== ''
		? copyButton(() => token, text, 'the access token') : null,
	    button('60 s more', () => {
		end = Date.now() + SECONDS * 1000;
		count();
	    }), left);
	count();
	return { box: el('div', {}, text, buttons), copy, wipe() {
		clearInterval(timer);
		text.textContent = '';
	} };
}

function trail(rows) {
	const code = (text) => el('span', { class: 'code' }, text);
	return el('ol', { class: 'trail' }, rows.map((row) => el('li', {},
	    el('span', { class: 'name' }, row.action), timeElement(row.at),
	    el('span', { class: 'small' },
		row.key ? ['with the key ', code(row.key)] : 'on the machine',
		row.address ? [', from ', code(row.address)] : null,
		row.fields.length ? `: ${row.fields.join(', ')}` : null))));
}

async function fillAudit(box, id) {
	try {
		const { data } = await ask('GET', query('audit',
		    { integration_id: id, limit: 10 }));
		box.replaceChildren(el('h3', {}, 'Done to it last'),
		    trail(data.audit));
	} catch (refusal) {
		tell(box, refusal);
	}
}

function tokenPart(data, onShown) {
	const box = el('div', { class: 'part' });
	const alert = alertBox();
	let view = null;
	function hide() {
		view?.wipe();
		view = null;
		box.replaceChildren(el('p', {}, 'Showing the credentials is ' +
		    'written to the audit trail, with your key and address.'),
		    start, alert);
	}
	async function reveal() {
		alert.replaceChildren();
		try {
			const answer = await ask('GET',
			    `integrations/${data.integration_id}/auth_data`);
			if (!box.isConnected)
				return;
			view = secretView(answer, () => {
				hide();
				start.focus();
			});
			box.replaceChildren(view.box);
			view.copy.focus();
			await onShown();
		} catch (refusal) {
			tell(alert, refusal);
		}
	}
	const start = button('Show the credentials', reveal, '', 'primary');
	hide();
	return { box, start, wipe: () => view?.wipe() };
}

export async function openShow(item, self, focusAfter) {
	const path = `integrations/${item.integration_id}`;
	const { data } = await ask('GET', path);
	const may = (scope) => self.scopes.includes(scope);
	const audit = el('div', { class: 'part', 'aria-live': 'off' });
	let known = facts(data);
	async function refresh() {
		if (may('admin'))
			fillAudit(audit, data.integration_id);
		const made = facts((await ask('GET', path)).data);
		known.replaceWith(made);
		known = made;
	}
	const token = may('reveal') ? tokenPart(data, refresh) : null;
	const dialog = openDialog({ title: data.name, kind: 'wide long', focusAfter,
		onClose: () => token?.wipe() });
	const close = button('Close', dialog.close);
	dialog.body.append(...token ? [token.box] : [], known, audit);
	dialog.foot.append(close);
	dialog.show(token ? token.start : close);
	if (may('admin'))
		fillAudit(audit, data.integration_id);
}
