<?php
/*
 * The save endpoint as one writes it for shared hosting: a script under
 * php-fpm, ext-sodium, SQLite in WAL mode, one commit a save. SAVE_DATABASE
 * and SAVE_KEY come from the pool's environment.
 */
declare(strict_types=1);

const TYPES = ['sentry', 'jira', 'linear', 'confluence', 'slack', 'github'];
const STATUSES = ['active', 'inactive', 'pending', 'error'];
const STRINGS = [
	'auth_data' => ['access_token', 'refresh_token', 'token_type',
	    'expires_at', 'scope', 'code'],
	'scope_data' => ['org_slug', 'installation_id', 'workspace_id',
	    'project_id'],
	'metadata' => ['instance_name', 'created_via', 'version',
	    'description'],
];
const UPSERT = <<<SQL
INSERT INTO integrations (integration_id, created_by, unique_identifier, name,
	integration_type, status, active, has_auth_data, has_scope_data,
	created_at, updated_at, metadata, scope_data, auth_data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (created_by, unique_identifier) DO UPDATE SET name = excluded.name,
	status = excluded.status, active = excluded.active,
	has_auth_data = excluded.has_auth_data,
	has_scope_data = excluded.has_scope_data,
	updated_at = excluded.updated_at, metadata = excluded.metadata,
	scope_data = excluded.scope_data, auth_data = excluded.auth_data
	WHERE integration_type = excluded.integration_type
RETURNING integration_id, created_at
SQL;

function answer(int $status, array $body): never
{
	http_response_code($status);
	header('Content-Type: application/json');
	echo json_encode($body, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
	exit;
}

function user_of(PDO $db, string $key): string
{
	$find = $db->prepare('SELECT user FROM api_keys WHERE key_hash = ? ' .
	    'AND revoked_at IS NULL');
	$find->bindValue(1, hash('sha256', $key, true), PDO::PARAM_LOB);
	$find->execute();
	$user = $find->fetchColumn();
	$find->closeCursor();
	if ($user === false)
		answer(401, ['detail' => 'Invalid API key']);
	return $user;
}

function faults(array $form): array
{
	$faults = [];
	$name = $form['name'] ?? null;
	if (!is_string($name) || $name === '' || iconv_strlen($name) > 255)
		$faults[] = ['loc' => ['body', 'name'], 'msg' => 'bad name'];
	if (!in_array($form['integration_type'] ?? null, TYPES, true))
		$faults[] = ['loc' => ['body', 'integration_type'],
		    'msg' => 'unknown type'];
	if (!in_array($form['status'] ?? 'active', STATUSES, true))
		$faults[] = ['loc' => ['body', 'status'],
		    'msg' => 'unknown status'];
	if (!is_bool($form['active'] ?? true))
		$faults[] = ['loc' => ['body', 'active'], 'msg' => 'no boolean'];
	if (!is_string($form['unique_identifier'] ?? ''))
		$faults[] = ['loc' => ['body', 'unique_identifier'],
		    'msg' => 'no string'];
	foreach (STRINGS as $member => $names) {
		$object = $form[$member] ?? [];
		if (!is_array($object)) {
			$faults[] = ['loc' => ['body', $member],
			    'msg' => 'no object'];
			continue;
		}
		foreach ($names as $name)
			if (!is_string($object[$name] ?? ''))
				$faults[] = ['loc' => ['body', $member, $name],
				    'msg' => 'no string'];
	}
	return $faults;
}

/* RFC 9562, version 4. */
function uuid(): string
{
	$b = random_bytes(16);
	$b[6] = chr(ord($b[6]) & 0x0f | 0x40);
	$b[8] = chr(ord($b[8]) & 0x3f | 0x80);
	return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($b), 4));
}

function seal(array $auth): string
{
	$nonce = random_bytes(SODIUM_CRYPTO_SECRETBOX_NONCEBYTES);
	return $nonce . sodium_crypto_secretbox(json_encode($auth), $nonce,
	    base64_decode(getenv('SAVE_KEY')));
}

$db = new PDO('sqlite:' . getenv('SAVE_DATABASE'), null, null,
    [PDO::ATTR_PERSISTENT => true, PDO::ATTR_TIMEOUT => 10]);
$db->exec('PRAGMA synchronous=FULL');
$user = user_of($db, $_SERVER['HTTP_X_API_KEY'] ?? '');
$form = json_decode(file_get_contents('php://input'), true);
if (!is_array($form))
	answer(422, ['detail' => [['loc' => ['body'], 'msg' => 'no object']]]);
if (($faults = faults($form)) !== [])
	answer(422, ['detail' => $faults]);

$id = uuid();
$now = (new DateTime('now', new DateTimeZone('UTC')))->format('Y-m-d\TH:i:s.u');
$identifier = ($form['unique_identifier'] ?? '') ?:
    $form['integration_type'] . '-' . $id;
$metadata = ($form['metadata'] ?? []) + ['instance_name' => $form['name'],
    'created_via' => 'manual', 'version' => null, 'description' => null,
    'tags' => []];
$status = $form['status'] ?? 'active';
$active = $form['active'] ?? true;
$has_auth = ($form['auth_data']['access_token'] ?? '') !== '';
$has_scope = ($form['scope_data']['org_slug'] ?? '') !== '' ||
    ($form['scope_data']['workspace_id'] ?? '') !== '';

$save = $db->prepare(UPSERT);
foreach ([$id, $user, $identifier, $form['name'], $form['integration_type'],
    $status] as $i => $text)
	$save->bindValue($i + 1, $text);
foreach ([$active, $has_auth, $has_scope] as $i => $flag)
	$save->bindValue($i + 7, (int)$flag, PDO::PARAM_INT);
$save->bindValue(10, $now);
$save->bindValue(11, $now);
$save->bindValue(12, json_encode($metadata));
$save->bindValue(13, isset($form['scope_data']) ?
    json_encode($form['scope_data']) : null);
$save->bindValue(14, isset($form['auth_data']) ? seal($form['auth_data']) :
    null, PDO::PARAM_LOB);
$save->execute();
$rows = $save->fetchAll(PDO::FETCH_NUM);
if ($rows === [])
	answer(409, ['success' => false, 'data' => null, 'error' =>
	    'unique_identifier already belongs to another integration']);

answer(200, ['success' => true, 'data' => [
	'integration_id' => $rows[0][0], 'name' => $form['name'],
	'integration_type' => $form['integration_type'],
	'status' => $status, 'active' => $active,
	'unique_identifier' => $identifier, 'created_by' => $user,
	'created_at' => $rows[0][1], 'has_auth_data' => $has_auth,
	'has_scope_data' => $has_scope, 'metadata' => $metadata,
], 'error' => null]);
