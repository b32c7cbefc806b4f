// The view of API keys. An admin sees those of his user, anybody else the one
// that is in use, which he may rotate.

import { ask } from './api.js';
import { button, el, newId } from './dom.js';
import { openGenerate, openRevoke, openRotate } from './keychange.js';
import { clearTable, makeGroup, makeRow, makeTable } from './table.js';
import { moment, timeElement } from './time.js';
import { listed, types } from './words.js';

const columns = ['Name', 'May', 'Created', 'Ends', 'Last used'];

function isOver(key) {
	return key.revoked_at !== null || (key.expires_at !== null &&
	    moment(key.expires_at) <= new Date());
}

function endCell(key) {
	if (key.revoked_at)
		return timeElement(key.revoked_at, 'revoked ');
	if (!key.expires_at)
		return 'never';
	return timeElement(key.expires_at, isOver(key) ? 'ended ' : '');
}

function mayCell(key) {
	return [el('span', {}, listed(key.scopes)), key.types
		? el('span', { class: 'small' },
		    `for ${listed(key.types.map((type) => types[type]))}`) : null];
}

function nameCell(key, self) {
	const is_mine = key.public_id === self.public_id;
	return [el('span', { class: 'name' }, key.name ?? 'without a name'),
		el('span', { class: 'small' },
		    el('span', { class: 'code' }, key.public_id),
		    is_mine ? ', the one you are signed in with' : '',
		    key.replaced_by ? `, replaced by ${key.replaced_by}` : '')];
}

class Keys {
	// The session of app.js.
	constructor(session) {
		this.session = session;
		this.is_admin = session.self.scopes.includes('admin');
		this.keys = [];
		this.shows_over = false;
		this.heading = el('h1', { tabindex: '-1' }, 'API keys');
		this.table = makeTable('API keys', columns, 'keys');
		this.state = el('div', { class: 'empty', hidden: true });
		this.over = button('', () => {
			this.shows_over = !this.shows_over;
			this.draw();
		}, '', 'quiet');
		this.over.hidden = true;
		this.view = el('div', {}, el('div', { class: 'head' }, this.heading,
		    this.is_admin ? button('Make a key', () => openGenerate(session,
			() => this.load(), () => this.heading), '', 'primary')
			: null),
		    el('p', { class: 'lead' }, 'Each program should have a key of ' +
			'its own that may do what it has to, and no more. Whoever ' +
			'has a key of yours sees your integrations.'),
		    this.table, this.state, this.over);
		this.load();
	}

	row(key) {
		return makeRow(newId(), columns, nameCell(key, this.session.self),
		    [mayCell(key), timeElement(key.created_at), endCell(key),
			key.last_used_at ? timeElement(key.last_used_at)
			    : 'never'],
		    isOver(key) ? [] : this.acts(key), isOver(key) ? 'over' : '');
	}

	acts(key) {
		const act = (text, open) => button(text, () => open(key,
		    this.session, () => this.load(), () => this.heading),
		    key.name ?? key.public_id, 'quiet');
		return [act('Rotate', openRotate),
			this.is_admin ? act('Revoke', openRevoke) : null];
	}

	draw() {
		const live = this.keys.filter((key) => !isOver(key));
		const gone = this.keys.length - live.length;
		clearTable(this.table);
		this.table.append(makeGroup((this.shows_over ? this.keys : live)
		    .map((key) => this.row(key))));
		this.over.hidden = gone === 0;
		this.over.textContent = this.shows_over
			? 'Hide those that are over'
			: `Show those that are over (${gone})`;
		this.table.hidden = false;
		this.state.hidden = true;
	}

	async load() {
		this.view.setAttribute('aria-busy', 'true');
		try {
			const { data } = await ask('GET', this.is_admin
				? 'api-keys' : 'api-keys/self');
			this.keys = this.is_admin ? data.api_keys : [data];
			this.draw();
		} catch (refusal) {
			this.table.hidden = true;
			this.state.hidden = false;
			this.state.replaceChildren(el('p', { role: 'alert' },
			    refusal.message), button('Retry', () => this.load()));
		} finally {
			this.view.removeAttribute('aria-busy');
		}
	}
}

export function keysView(self, session) {
	return new Keys(session).view;
}
