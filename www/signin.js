// Signing in: one field for a key, which is not a form's, for nothing here is
// to be remembered by anybody.

import { ask } from './api.js';
import { button, el, newId } from './dom.js';

export class SignIn {
	// words: why somebody is here again; onKey(key, what the service says of it)
	constructor(words, onKey) {
		this.onKey = onKey;
		this.is_asking = false;
		this.alert = el('p', { id: newId(), class: 'fault', role: 'alert' });
		this.field = el('input', { type: 'password', id: newId(),
			autocomplete: 'off', spellcheck: 'false',
			autocapitalize: 'off', 'aria-describedby': this.alert.id });
		this.field.addEventListener('keydown', (event) => {
			if (event.key === 'Enter')
				this.ask();
		});
		this.view = el('div', { class: 'signin' },
		    el('h1', { tabindex: '-1' }, 'Sign in'),
		    words ? el('p', { class: 'notice' }, words) : null,
		    isSecureContext ? null : el('p', { class: 'warning' }, 'This ' +
			'page came over plain HTTP. Whoever is on the way can ' +
			'read the key: use https.'),
		    el('div', { class: 'field' }, el('label', {
			for: this.field.id }, 'API key'), this.field, this.alert),
		    button('Sign in', () => this.ask(), '', 'primary'),
		    el('p', { class: 'small' }, 'It is kept in the memory of this ' +
			'page alone, until you leave or do nothing for 15 ' +
			'minutes.'));
	}

	async ask() {
		if (this.is_asking)
			return;
		this.is_asking = true;
		this.alert.textContent = '';
		this.field.removeAttribute('aria-invalid');
		const key = this.field.value.trim();
		try {
			const { data } = await ask('GET', 'api-keys/self', { key });
			this.field.value = '';
			if (this.view.isConnected)
				this.onKey(key, data);
		} catch (refusal) {
			this.alert.textContent = refusal.message;
			this.field.setAttribute('aria-invalid', 'true');
			this.field.focus();
			this.field.select();
		} finally {
			this.is_asking = false;
		}
	}
}
