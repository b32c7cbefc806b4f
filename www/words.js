// The words of the contract, and what they mean to people.

export const types = { sentry: 'Sentry', jira: 'Jira', linear: 'Linear',
	confluence: 'Confluence', slack: 'Slack', github: 'GitHub' };

export const statuses = ['active', 'inactive', 'pending', 'error'];

export const tokenStates = {
	valid: 'Its end is known, and further away than a week, unless the ' +
	    'operator has chosen another time.',
	expiring: 'It ends within that time. Whatever refreshes it should do so ' +
	    'by now.',
	expired: 'Its end has passed. Programs still get it, and the service ' +
	    'that it is for will most likely refuse it.',
	unknown: 'No end was saved with it: it may never end, or end without ' +
	    'anybody being told.',
};

export const scopes = {
	save: 'save, change and delete integrations',
	read: 'list integrations, without their tokens',
	reveal: 'be shown tokens; each time is written down',
	verify: 'ask whether a token is the one that is kept',
	admin: 'make, rotate and revoke all keys of this user; read the audit',
	metrics: 'read the figures for monitoring',
};

// What an operator of the command line alone can grant.
export const grantable = ['save', 'read', 'reveal', 'verify', 'admin'];

export function listed(words) {
	if (words.length < 2)
		return words.join('');
	return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
