// The life of an integration, with nothing but fetch:
//
//   STRONGROOM_URL=http://127.0.0.1:8080/api/v2 STRONGROOM_KEY_FILE=... node doc/life.mjs
//
// Node.js 18 or later. Prints one line for each step.
import { readFileSync } from 'node:fs';

const url = process.env.STRONGROOM_URL;
const key = readFileSync(process.env.STRONGROOM_KEY_FILE, 'utf8').trim();

async function api(method, path, { body, headers = {} } = {}) {
  const answer = await fetch(url + path, {
    method,
    headers: { 'x-api-key': key, ...headers,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok)
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(said)}`);
  return { data: said.data, etag: answer.headers.get('ETag') };
}

const saved = await api('POST', '/integrations/save', { body: {
  name: 'Team tracker', integration_type: 'linear',
  unique_identifier: 'tracker-of-node',
  auth_data: { access_token: 'lin_1', refresh_token: 'ref_1' },
} });
console.log('saved', saved.data.integration_id);

const found = await api('GET', '/integrations?unique_identifier=tracker-of-node');
const path = `/integrations/${found.data.integrations[0].integration_id}`;
console.log('found', found.data.integrations.length);

// Only if nobody has changed it since.
const changed = await api('PATCH', path, {
  headers: { 'If-Match': saved.etag },
  body: { auth_data: { access_token: 'lin_2' } },
});
console.log('changed to revision', changed.data.revision);

const lease = await api('POST', `${path}/refresh-lease`);
await api('PATCH', path, {
  headers: { 'Refresh-Lease': lease.data.lease_id },
  body: { auth_data: { access_token: 'lin_3', refresh_token: 'ref_2' } },
});
console.log('refreshed');

const revealed = await api('GET', `${path}/auth_data`);
console.log('revealed', Object.keys(revealed.data.auth_data).sort().join(' '));

const made = await api('POST', '/api-keys', { body: {
  name: 'reader', scopes: ['read'], types: ['linear'], expires_in: 3600,
} });
console.log('made a key for', made.data.scopes.join(' '), 'of', made.data.types.join(' '));

const audit = await api('GET', `/audit?integration_id=${saved.data.integration_id}`);
const rows = Object.values(audit.data).find(Array.isArray);
console.log('audit', rows.map((row) => row.action).reverse().join(' '));

const deleted = await api('DELETE', path);
console.log('deleted', deleted.data.deleted);
