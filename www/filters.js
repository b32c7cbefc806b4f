// What to list: a part of the name, a type, a state of the token.

import { button, el, newId } from './dom.js';
import { tokenStates, types } from './words.js';

const TYPING_MS = 250;

function choice(options) {
	return el('select', { id: newId() }, options.map(([value, words]) =>
		el('option', { value }, words)));
}

function labelled(label, field) {
	return el('div', { class: 'filter' },
	    el('label', { for: field.id }, label), field);
}

export class Filters {
	constructor(kinds, onChange) {
		this.onChange = onChange;
		this.name = el('input', { type: 'search', id: newId(),
			autocomplete: 'off', spellcheck: 'false' });
		this.type = choice([['', 'All types'],
			...kinds.map((kind) => [kind, types[kind]])]);
		this.token = choice([['', 'All tokens'],
			...Object.keys(tokenStates).map((is) => [is, is])]);
		this.clearing = button('Clear', () => this.clear(), 'the filters',
		    'quiet');
		this.clearing.hidden = true;
		this.name.addEventListener('input', () => {
			clearTimeout(this.timer);
			this.timer = setTimeout(() => this.change(), TYPING_MS);
		});
		for (const field of [this.type, this.token])
			field.addEventListener('change', () => this.change());
		this.box = el('div', { class: 'filters', role: 'search',
			'aria-label': 'Filter the integrations' },
		    labelled('Name', this.name), labelled('Type', this.type),
		    labelled('Token', this.token), this.clearing);
	}

	// As the list's query has them.
	values() {
		return { q: this.name.value, integration_type: this.type.value,
			token_state: this.token.value };
	}

	isSet() {
		return Object.values(this.values()).some((value) => value !== '');
	}

	change() {
		clearTimeout(this.timer);
		this.clearing.hidden = !this.isSet();
		this.onChange();
	}

	clear() {
		for (const field of [this.name, this.type, this.token])
			field.value = '';
		this.change();
		this.name.focus();
	}
}
