// The dialog that saves a new integration or changes one. A new one never
// overwrites another, a change only the version that was looked at; sending the
// same again, after an answer that was lost, does nothing twice.

import { ask, freshIdempotencyKey, Refusal } from './api.js';
import { openDialog } from './dialog.js';
import { alertBox, button, el, say, tell } from './dom.js';
import { makeBody, makeFields, rebase } from './fields.js';
import { Form } from './form.js';
import { types } from './words.js';

// What both have: fields, one press at a time, and the server's words.
class Saving {
	constructor(self, former, onDone) {
		this.former = former;
		this.onDone = onDone;
		this.form = new Form(() => this.submit());
		this.fields = makeFields(this.form, former,
		    self.types ?? Object.keys(types));
		this.alert = alertBox();
		this.button = button('Save', () => this.submit(), '', 'primary');
		this.is_sending = false;
	}

	open(title, focusAfter) {
		this.dialog = openDialog({ title, kind: 'wide long', focusAfter });
		this.dialog.body.append(...this.fields);
		this.dialog.foot.append(this.alert, this.button,
		    button('Cancel', this.dialog.close));
		this.dialog.show(this.form.control('body.name'));
	}

	async submit() {
		if (this.is_sending)
			return;
		this.is_sending = true;
		this.button.setAttribute('aria-disabled', 'true');
		this.form.clearFaults();
		this.alert.replaceChildren();
		try {
			await this.send();
		} catch (refusal) {
			if (!(refusal instanceof Refusal))
				throw refusal;
			this.refused(refusal);
		} finally {
			this.is_sending = false;
			this.button.removeAttribute('aria-disabled');
		}
	}

	// The key that makes it one request however often it is sent: another for
	// another text.
	async ask(method, path, headers) {
		const { text, home } = makeBody(this.form, this.former);
		const what = JSON.stringify([headers, text]);
		if (this.sent !== what)
			this.key = freshIdempotencyKey();
		this.sent = what;
		try {
			return (await ask(method, path, { text, headers: { ...headers,
				'idempotency-key': this.key } })).data;
		} catch (refusal) {
			refusal.faults = home(refusal.faults ?? []);
			throw refusal;
		}
	}

	done(data, words) {
		this.dialog.close();
		say(words);
		this.onDone(data);
	}

	refused(refusal) {
		const { rest, shown } = this.form.showFaults(refusal.faults);
		if (refusal.faults.length === 0)
			tell(this.alert, refusal);
		else
			this.alert.append(el('p', {}, shown === 1
				? 'Not saved: see the field that is marked.'
				: `Not saved: ${shown || 'no'} fields are marked.`),
			    ...rest.map(({ loc, msg }) => el('p', {},
				`${loc.join(', ')}: ${msg}`)));
		if (shown === 0)
			this.button.focus();
	}
}

class Adding extends Saving {
	async send() {
		const data = await this.ask('POST', 'integrations/save',
		    { 'if-none-match': '*' });
		this.done(data, `${data.name} was saved.`);
	}

	refused(refusal) {
		super.refused(refusal);
		if (refusal.status === 412)
			this.alert.append(el('p', {}, 'There is an integration with ' +
			    'this identifier already. Edit that one, or choose ' +
			    'another.'));
	}
}

class Editing extends Saving {
	constructor(self, path, answer, onDone) {
		super(self, answer.data, onDone);
		this.path = path;
		this.etag = answer.etag;
		this.fields.unshift(el('p', { class: 'small' },
		    types[this.former.integration_type], ' ', el('span',
			{ class: 'code' }, this.former.unique_identifier)));
	}

	async send() {
		const data = await this.ask('PATCH', this.path,
		    { 'if-match': this.etag });
		this.done(data, data.revision === this.former.revision
			? `Nothing has changed in ${data.name}.`
			: `${data.name} was changed.`);
	}

	// Somebody else was faster: what was typed stays.
	refused(refusal) {
		super.refused(refusal);
		if (refusal.status !== 412)
			return;
		const take = button('Take the new version', () => this.takeNewest()
		    .catch((again) => tell(this.alert, again)));
		this.alert.append(el('p', {}, 'Somebody has changed it since you ' +
		    'opened it. What you have typed is kept.'), take);
		take.focus();
	}

	async takeNewest() {
		const { data, etag } = await ask('GET', this.path);
		rebase(this.form, this.former, data);
		this.former = data;
		this.etag = etag;
		this.alert.replaceChildren(el('p', {}, 'What you did not change has ' +
		    'its new value now. Save again to go on.'));
		this.button.focus();
	}
}

// onDone(data) is called with what the server has made of it.
export function openAdd(self, onDone) {
	new Adding(self, null, onDone).open('Add an integration');
}

// What is there is read first; a Refusal if it cannot be.
export async function openEdit(item, self, onDone, focusAfter) {
	const path = `integrations/${item.integration_id}`;
	const answer = await ask('GET', path);
	new Editing(self, path, answer, onDone)
	    .open(`Edit ${answer.data.name}`, focusAfter);
}
