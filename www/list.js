// The view of integrations: a table, in pages, with filters.

import { ask, query } from './api.js';
import { button, el, inFrames, newId, say } from './dom.js';
import { Filters } from './filters.js';
import { openRemove } from './remove.js';
import { openAdd, openEdit } from './save.js';
import { openShow } from './show.js';
import { clearTable, makeGroup, makeRow, makeTable, rowsOf } from './table.js';
import { fromNow, moment, timeElement } from './time.js';
import { tokenStates, types } from './words.js';

const PAGE = 200;
const columns = ['Name', 'Type', 'Status', 'Token', 'Updated'];

function tokenCell(item) {
	if (!item.has_auth_data && item.expires_at === null)
		return el('span', { class: 'token none' }, 'none');
	const made = el('span', { class: `token ${item.token_state}` },
	    item.token_state);
	if (item.expires_at === null)
		return made;
	const end = timeElement(item.expires_at);
	if (item.token_state === 'valid') {
		made.title = end.title;
		return made;
	}
	end.textContent = ` ${fromNow(moment(item.expires_at))}`;
	made.append(end);
	return made;
}

function statusCell(item) {
	return [el('span', {}, item.status), item.active ? null
		: el('span', { class: 'small' }, 'switched off')];
}

// An identifier that was made says no more than the id.
function nameCell(item) {
	const made = `${item.integration_type}-${item.integration_id}`;
	return [el('span', { class: 'name' }, item.name),
		item.unique_identifier === made ? null : el('span',
		    { class: 'code small' }, item.unique_identifier)];
}

function meanings() {
	return el('details', { class: 'meanings' },
	    el('summary', {}, 'What a token\u2019s state means'),
	    el('dl', {}, Object.entries(tokenStates).map(([state, words]) => [
		el('dt', {}, el('span', { class: `token ${state}` }, state)),
		el('dd', {}, words)])));
}

class List {
	// self: the key that is in use.
	constructor(self) {
		this.self = self;
		this.cursor = null;
		this.turn = 0;
		this.heading = el('h1', { tabindex: '-1' }, 'Integrations');
		this.table = makeTable('Integrations', columns);
		this.empty = el('div', { class: 'empty', hidden: true });
		this.more = el('button', { type: 'button', class: 'more',
			hidden: true, onclick: () => this.load(false) }, 'More');
		this.filters = new Filters(self.types ?? Object.keys(types),
		    () => this.load(true));
		this.view = el('div', {}, el('div', { class: 'head' }, this.heading,
		    this.may('save') ? this.adding() : null),
		    this.may('read') ? [this.filters.box, this.table, this.empty,
			this.more, meanings()]
			: el('p', {}, 'This key may not list what is kept.'));
		if (this.may('read'))
			this.load(true);
	}

	may(scope) {
		return this.self.scopes.includes(scope);
	}

	adding() {
		return button('Add an integration', () => openAdd(this.self,
		    () => this.may('read') && this.load(true)), '', 'primary');
	}

	// -- rows

	row(item, id = newId()) {
		return makeRow(id, columns, nameCell(item),
		    [types[item.integration_type], statusCell(item),
			tokenCell(item), timeElement(item.updated_at)],
		    this.acts(item, id));
	}

	acts(item, id) {
		const back = () => document.getElementById(id)
		    ?.querySelector('button');
		const act = (text, open) => button(text, open, item.name, 'quiet');
		const show = act('Show', () => this.tell(
		    openShow(item, this.self, back)));
		if (!this.may('save'))
			return [show];
		return [show, act('Edit', () => this.tell(openEdit(item,
			this.self, (data) => this.replace(id, data), back))),
			act('Delete', () => openRemove(item,
			    () => this.remove(id), () => this.heading))];
	}

	// What is listed may be gone, or the service away.
	async tell(opening) {
		try {
			await opening;
		} catch (refusal) {
			say(refusal.message);
		}
	}

	// A body for each group: what nobody looks at needs no layout.
	add(items) {
		this.table.append(makeGroup(items.map((item) => this.row(item))));
	}

	replace(id, item) {
		const old = document.getElementById(id);
		const made = this.row(item, id);
		const at = [...old.querySelectorAll('button')]
		    .indexOf(document.activeElement);
		old.replaceWith(made);
		made.querySelectorAll('button')[at]?.focus();
	}

	remove(id) {
		document.getElementById(id).remove();
		this.heading.focus();
		if (this.isEmpty())
			this.load(true);
	}

	isEmpty() {
		return rowsOf(this.table).length === 0;
	}

	// -- pages

	async load(is_anew) {
		this.turn += 1;
		const turn = this.turn;
		this.view.setAttribute('aria-busy', 'true');
		if (is_anew && this.isEmpty())
			this.showEmpty(el('p', { class: 'small' }, 'Loading'));
		try {
			const { items, next } = await this.page(turn,
			    is_anew ? null : this.cursor);
			if (turn !== this.turn)
				return;
			this.cursor = next;
			await this.fill(items, is_anew, turn);
		} catch (refusal) {
			if (turn === this.turn)
				this.failed(refusal, is_anew);
		} finally {
			if (turn === this.turn)
				this.view.removeAttribute('aria-busy');
		}
	}

	// A page may be short, or empty, and not the last.
	async page(turn, at) {
		let items = [];
		let next = at;
		do {
			const { data } = await ask('GET', query('integrations',
			    { ...this.filters.values(), limit: PAGE,
				cursor: next }));
			items = data.integrations;
			next = data.next_cursor;
		} while (next && items.length === 0 && turn === this.turn);
		return { items, next };
	}

	async fill(items, is_anew, turn) {
		const had_focus = document.activeElement === this.more;
		if (is_anew)
			clearTable(this.table);
		const before = rowsOf(this.table).length;
		this.table.hidden = false;
		this.empty.hidden = true;
		await inFrames(items, (group) => this.add(group),
		    () => turn === this.turn);
		if (turn !== this.turn)
			return;
		this.more.hidden = this.cursor === null;
		if (this.isEmpty())
			this.nothing();
		else if (!is_anew)
			say(`${items.length} more`);
		if (had_focus && this.more.hidden)
			rowsOf(this.table)[before]?.querySelector('button').focus();
	}

	// -- instead of rows

	showEmpty(...children) {
		this.table.hidden = this.isEmpty();
		this.empty.hidden = false;
		this.empty.replaceChildren(...children);
	}

	nothing() {
		if (this.filters.isSet()) {
			this.showEmpty(el('p', {}, 'Nothing matches.'),
			    button('Clear the filters',
				() => this.filters.clear()));
			return;
		}
		const may_save = this.may('save');
		this.showEmpty(el('h2', {}, 'Nothing is kept here yet'),
		    el('p', {}, may_save ? 'Add the first integration here, or ' +
			'have a program save it with a key.' : 'A program with ' +
			'a key for saving has to save something first.'),
		    ...may_save ? [this.adding()] : []);
	}

	failed(refusal, is_anew) {
		if (is_anew) {
			clearTable(this.table);
			this.more.hidden = true;
		}
		this.showEmpty(el('p', { role: 'alert' }, refusal.message),
		    button('Retry', () => this.load(is_anew)));
	}
}

export function integrationsView(self) {
	return new List(self).view;
}
