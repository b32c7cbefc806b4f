// Fields with their labels, hints and faults. What a field may hold is the
// server's to say: nothing is checked here, and its words are shown as they
// come, beside the field that they are about.

import { el, newId } from './dom.js';

const TYPED = { autocomplete: 'off', autocapitalize: 'off',
	spellcheck: 'false' };

function faultSlot() {
	return el('p', { class: 'fault', id: newId(), hidden: true });
}

function frame(control, label, options) {
	const hint = options.hint ? el('p', { class: 'hint', id: newId() },
	    options.hint) : null;
	const fault = faultSlot();
	control.id = newId();
	control.setAttribute('aria-describedby', hint ? `${hint.id} ${fault.id}`
		: fault.id);
	const named = el('label', { for: control.id }, label,
	    options.about ? el('span', { class: 'unseen' }, ` ${options.about}`)
		: null);
	const is_box = control.type === 'checkbox';
	const box = el('div', { class: is_box ? 'field box' : 'field' },
	    is_box ? [control, named] : [named, control], hint, fault);
	return { box, control, fault };
}

// Fields are made by it, put somewhere by the caller, and found again by the
// path of their member. onEnter: what Enter in a field of one line does.
export class Form {
	constructor(onEnter = null) {
		this.onEnter = onEnter;
		this.fields = new Map();
	}

	control(path) {
		return this.fields.get(path).control;
	}

	add(path, label, control, options) {
		const made = frame(control, label, options);
		this.fields.set(path, made);
		if (control.tagName === 'INPUT' && this.onEnter) {
			control.addEventListener('keydown', (event) => {
				if (event.key === 'Enter' && !event.isComposing)
					this.onEnter();
			});
		}
		return made.box;
	}

	text(path, label, options = {}) {
		return this.add(path, label, el('input', { ...TYPED,
			type: options.type ?? 'text', value: options.value ?? '',
			placeholder: options.placeholder,
			'aria-required': options.required ? 'true' : null,
		}), options);
	}

	area(path, label, options = {}) {
		const control = el('textarea', { ...TYPED, rows: 3,
			placeholder: options.placeholder,
			class: options.code ? 'code' : null });
		control.value = options.value ?? '';
		return this.add(path, label, control, options);
	}

	// choices: [value, words] each
	select(path, label, choices, options = {}) {
		const control = el('select', { 'aria-required':
			options.required ? 'true' : null },
		    choices.map(([value, words]) => el('option', { value }, words)));
		control.value = options.value ?? choices[0][0];
		return this.add(path, label, control, options);
	}

	check(path, label, options = {}) {
		const control = el('input', { type: 'checkbox',
			checked: options.checked ?? false });
		return this.add(path, label, control, options);
	}

	// A group of boxes as one field: its faults stand below it.
	anchor(path, group) {
		const fault = faultSlot();
		group.setAttribute('aria-describedby', fault.id);
		group.append(fault);
		this.fields.set(path, { box: group, fault,
			control: group.querySelector('input') });
		return group;
	}

	// -- faults

	clearFaults() {
		for (const { control, fault } of this.fields.values()) {
			control.removeAttribute('aria-invalid');
			fault.hidden = true;
			fault.textContent = '';
		}
	}

	// The field of a fault is the one with the longest path that its loc begins
	// with: ["body","metadata","tags",3] is a fault of metadata.tags.
	nearest(loc) {
		for (let n = loc.length; n > 0; n -= 1) {
			const found = this.fields.get(loc.slice(0, n).join('.'));
			if (found)
				return found;
		}
		return null;
	}

	// Those that belong to no field come back.
	showFaults(faults) {
		const rest = faults.filter(({ loc }) => !this.nearest(loc));
		const hit = new Set();
		for (const { loc, msg } of faults) {
			const field = this.nearest(loc);
			if (!field)
				continue;
			field.fault.append(field.fault.textContent ? '; ' : '', msg);
			field.fault.hidden = false;
			field.control.setAttribute('aria-invalid', 'true');
			const folded = field.box.closest('details');
			if (folded)
				folded.open = true;
			hit.add(field);
		}
		const first = [...this.fields.values()].find((f) => hit.has(f));
		first?.control.focus();
		return { rest, shown: hit.size };
	}
}
