#!/usr/bin/perl
# API keys over HTTP: who may see, make, rotate and revoke which, through nginx
# and by CGI. The key itself is in one answer and nowhere else.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);

use constant KEYS => '/api/v2/api-keys';

my $house = house();
$house->worker;
$house->nginx;
my %door = map { my $name = $_; $name => sub { $house->$name(@_) } }
    qw(http cgi);
my $TIME = qr/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}"/;
my $LACKS = '{"detail":"API key lacks the scope: admin"}';
my $NONE = '{"detail":"API key not found"}';
my $BAD_KEY = '{"detail":"Invalid API key"}';
my @texts;	# of all keys that were ever shown

# A key of the command line's.
sub make {
	my ($user, @args) = @_;
	my $text = $house->admin_ok(qw(key create --user), $user, @args);
	chomp $text;
	push @texts, $text;
	return $text;
}

sub id { $house->public_id($_[0]) }

# What "data" of a 200 holds; a key in it is noted.
sub data {
	my ($answer, $name) = @_;
	my $data = saved_ok($answer, $name);
	push @texts, $data->{api_key} if $data->{api_key};
	return $data;
}

sub refused {
	my ($answer, $status, $error, $name) = @_;
	answer_is($answer, $status, '{"success":false,"data":null,"error":"'
	    . $error . '"}', $name);
}

# Rows of the audit with this request's id.
sub audited {
	my ($answer) = @_;
	my $id = $answer->{headers}{'x-request-id'};
	return map { [$_->{action}, decode($_->{subject})] } $house->rows(
	    "SELECT action, subject FROM audit WHERE request_id = '$id'");
}

# The members of a key, in their order.
my $ITEM = qr/"user":"[^"]*","public_id":"[0-9a-z]{8}","name":(?:null|"[^"]*"),
    "scopes":\["[a-z",]*"\],"types":(?:null|\["[a-z",]*"\]),
    "created_at":$TIME,"expires_at":(?:null|$TIME),"revoked_at":(?:null|$TIME),
    "last_used_at":(?:null|$TIME),"replaced_by":(?:null|"[0-9a-z]{8}")/x;
my $DATA = qr/\A\{"success":true,"data":\{$ITEM\},"error":null\}\z/;
my $NEW = qr/\A\{"success":true,"data":\{"api_key":"srk_[\w-]{58}",$ITEM\},
    "error":null\}\z/x;

for my $name (sort keys %door) {
	my $send = sub {
		my ($key, $method, $path, $body, @more) = @_;
		return $door{$name}->(key => $key, method => $method,
		    path => KEYS . $path, defined $body ? (body => $body)
		    : (type => undef), @more);
	};
	my $saves = sub {
		my ($key) = @_;
		return $door{$name}->(key => $key,
		    body => '{"name":"n","integration_type":"jira"}')->{status};
	};
	my $user = "user-$name";
	my $admin = make($user, qw(--scopes admin --name boss));
	my $plain = make($user);
	my $other = make("other-$name", qw(--scopes admin));

	# Who asks.
	my $answer = $send->($plain, 'GET', '/self');
	like($answer->{body}, $DATA, "$name: any key sees itself");
	my $self = data($answer, "$name: self");
	is($self->{public_id}, id($plain), "$name: it is that key");
	is_deeply($self->{scopes}, [qw(save read)], "$name: what it may do");
	is($self->{types}, undef, "$name: with all types");
	answer_is($send->($plain, 'HEAD', '/self'), 200, '', "$name: HEAD");
	answer_is($send->('srk_nothing', 'GET', '/self'), 401, $BAD_KEY,
	    "$name: self of no key");

	# All keys of the user, and nobody else's.
	answer_is($send->($plain, 'GET', ''), 403, $LACKS,
	    "$name: the list wants admin");
	$answer = $send->($admin, 'GET', '/');
	like($answer->{body}, qr/\A\{"success":true,"data":\{"api_keys":\[
	    \{$ITEM\},\{$ITEM\}\]\},"error":null\}\z/x, "$name: the list");
	is_deeply([map { $_->{public_id} }
	    @{ data($answer, "$name: list")->{api_keys} }],
	    [id($plain), id($admin)], "$name: newest first, those of the user");

	# A new one.
	my $body = '{"name":"ci","scopes":["read","save"],"types":["jira"],'
	    . '"expires_in":3600}';
	answer_is($send->($plain, 'POST', '', $body), 403, $LACKS,
	    "$name: making one wants admin");
	$answer = $send->($admin, 'POST', '', $body);
	like($answer->{body}, $NEW, "$name: a new key, and all of it");
	my $made = data($answer, "$name: made");
	my $key = $made->{api_key};
	is_deeply([@$made{qw(user name scopes types replaced_by)}], [$user,
	    'ci', [qw(save read)], ['jira'], undef], "$name: as it was asked");
	my ($length) = $house->rows("SELECT round((julianday(expires_at) - "
	    . "julianday(created_at)) * 86400) AS s FROM api_keys WHERE "
	    . "public_id = '$made->{public_id}'");
	is($length->{s}, 3600, "$name: it ends after an hour");
	my ($row) = audited($answer);
	is_deeply($row, ['key_create', { user => $user, key => id($admin),
	    address => '127.0.0.1', fields => [qw(name scopes types expires_in)],
	    api_key => $made->{public_id} }], "$name: and stands in the audit");
	is($saves->($key), 200, "$name: it is good at once");
	my $least = data($send->($admin, 'POST', '', '{"scopes":["read"]}'),
	    "$name: with what is required");
	is_deeply([@$least{qw(name types expires_at)}], [undef, undef, undef],
	    "$name: the rest is none and all");
	is($saves->($least->{api_key}), 403, "$name: it may do no more");
	faults_are($send->($admin, 'POST', '', '{"name":"n"}'),
	    [[['scopes'] => 'field required' => 'value_error.missing']],
	    "$name: scopes are required");
	faults_are($send->($admin, 'POST', '',
	    '{"scopes":["metrics"],"expires_inn":1}'),
	    [[[qw(scopes 0)] => 'value is not a valid enumeration member' =>
	    'type_error.enum'], [['expires_inn'] => 'extra fields not permitted'
	    => 'value_error.extra']], "$name: no metrics, nothing unknown");
	faults_are($send->($admin, 'POST', '', ''),
	    [[[] => 'field required' => 'value_error.missing']],
	    "$name: a body is required");

	# One that is narrowed to types makes no wider one.
	my $narrow = make($user, '--scopes', 'admin', '--types', 'jira,github');
	answer_is($send->($narrow, 'POST', '', $_), 403,
	    '{"detail":"API key lacks the type: sentry"}', "$name: not $_")
	    for '{"scopes":["read"]}', '{"scopes":["read"],"types":null}',
	    '{"scopes":["read"],"types":["github","sentry"]}';
	is_deeply(data($send->($narrow, 'POST', '',
	    '{"scopes":["read"],"types":["github"]}'),
	    "$name: a narrower one")->{types}, ['github'], "$name: is one");

	# Revoking.
	my $id = $made->{public_id};
	answer_is($send->($plain, 'DELETE', "/$id"), 403, $LACKS,
	    "$name: revoking wants admin");
	answer_is($send->($plain, 'DELETE', '/self'), 403, $LACKS,
	    "$name: and so does revoking itself");
	answer_is($send->($other, 'DELETE', "/$id"), 404, $NONE,
	    "$name: others have no such key");
	answer_is($send->($admin, 'DELETE', "/$_"), 404, $NONE,
	    "$name: there is no $_") for 'zzzzzzzz', uc $id, 'a', $id x 2,
	    '%FF' x 8, '%C3%A9' x 4;
	is($saves->($key), 200, "$name: it is good until then");
	$answer = $send->($admin, 'DELETE', "/$id/", undef);
	like($answer->{body}, $DATA, "$name: revoked");
	my $gone = data($answer, "$name: revoked");
	ok($gone->{revoked_at}, "$name: as it says");
	is((audited($answer))[0][0], 'key_revoke', "$name: in the audit");
	answer_is($door{$name}->(key => $key), 401, $BAD_KEY,
	    "$name: refused by the next request");
	$answer = $send->($admin, 'POST', "/$id", undef,
	    headers => ['X-HTTP-Method-Override' => 'DELETE']);
	is_deeply(data($answer, "$name: again, as POST")->{revoked_at},
	    $gone->{revoked_at}, "$name: is the same");
	is(scalar audited($answer), 0, "$name: and no line of the audit");

	# Rotating: by itself, any key.
	$key = make($user, qw(--name n --expires 10d --types jira));
	$id = id($key);
	my $was = data($send->($key, 'GET', '/self'), "$name: one to rotate");
	$answer = $send->($key, 'POST', '/self/rotate');
	like($answer->{body}, $NEW, "$name: rotated, without a body");
	my $next = data($answer, "$name: rotated");
	is_deeply([@$next{qw(user name scopes types expires_at)}],
	    [@$was{qw(user name scopes types expires_at)}],
	    "$name: the new one is as the other, and ends with it");
	is_deeply((audited($answer))[0], ['key_rotate', { user => $user,
	    key => $id, address => '127.0.0.1', fields => [], api_key => $id,
	    replaced_by => $next->{public_id} }], "$name: in the audit");
	is($saves->($key), 200, "$name: the other is good for a day");
	my $again = data($send->($key, 'POST', "/$id/rotate",
	    '{"overlap_seconds":60}'), "$name: again, for the answer was lost");
	answer_is($door{$name}->(key => $next->{api_key}), 401, $BAD_KEY,
	    "$name: the lost one is revoked");
	my $now = data($send->($key, 'GET', '/self'), "$name: the other");
	is($now->{replaced_by}, $again->{public_id}, "$name: names the new one");
	is((sort $now->{expires_at}, $was->{expires_at})[0],
	    $now->{expires_at}, "$name: and ends soon");
	is($saves->($again->{api_key}), 200, "$name: which is used");
	refused($send->($key, 'POST', '/self/rotate'), 409,
	    'API key was rotated', "$name: so it is not rotated again");
	data($send->($admin, 'DELETE', "/$id"), "$name: revoking the first");
	answer_is($door{$name}->(key => $again->{api_key}), 401, $BAD_KEY,
	    "$name: revokes what took its place");
	refused($send->($admin, 'POST', "/$id/rotate"), 409,
	    'API key is over', "$name: what is revoked is not rotated");

	# By another.
	$key = make($user, qw(--expires 10d));
	$id = id($key);
	answer_is($send->($plain, 'POST', "/$id/rotate"), 403, $LACKS,
	    "$name: another's rotation wants admin");
	answer_is($send->($other, 'POST', "/$id/rotate"), 404, $NONE,
	    "$name: and is not for others");
	answer_is($send->($narrow, 'POST', "/$id/rotate"), 403,
	    '{"detail":"API key lacks the type: sentry"}',
	    "$name: nor for one of fewer types");
	faults_are($send->($admin, 'POST', '/zzzzzzzz/rotate',
	    '{"overlap_seconds":604801,"x":1}'), [[['overlap_seconds'] =>
	    'ensure this value is less than or equal to 604800' =>
	    'value_error.number.not_le'], [['x'] => 'extra fields not permitted'
	    => 'value_error.extra']], "$name: the body comes before the key");
	$next = data($send->($admin, 'POST', "/$id/rotate",
	    '{"overlap_seconds":0}'), "$name: by admin");
	answer_is($door{$name}->(key => $key), 401, $BAD_KEY,
	    "$name: with no overlap the other is over");
	($length) = $house->rows("SELECT round(julianday(expires_at) - "
	    . "julianday(created_at)) AS d FROM api_keys WHERE "
	    . "public_id = '$next->{public_id}'");
	is($length->{d}, 10, "$name: the new one lasts as long anew");
	my $metrics = make($user, '--scopes', 'read,metrics');
	answer_is($send->($admin, 'POST', '/' . id($metrics) . '/rotate'), 403,
	    '{"detail":"API key lacks the scope: metrics"}',
	    "$name: nobody comes by metrics that way");
	is_deeply(data($send->($metrics, 'POST', '/self/rotate'),
	    "$name: but itself")->{scopes}, [qw(read metrics)],
	    "$name: keeps it");

	# Methods, and what is read of a body that is not wanted.
	for my $case (['GET', "/$id", 'DELETE'], ['PATCH', '', 'GET, HEAD, POST'],
	    ['POST', '/self', 'GET, HEAD, DELETE'],
	    ['GET', '/self/rotate', 'POST']) {
		my ($method, $path, $allow) = @$case;
		$answer = $send->($admin, $method, $path);
		is($answer->{status}, 405, "$name: $method $path");
		is($answer->{headers}{allow}, $allow, "$name: Allow: $allow");
	}
	data($send->($plain, 'GET', '/self', 'no JSON'),
	    "$name: a body on GET is ignored");

	# When they were used: soon, and not with each request.
	$key = make($user, qw(--scopes read));
	$id = id($key);
	data($send->($key, 'GET', '/self'), "$name: a use");
	is($saves->($plain), 200, "$name: and somebody's commit");
	my ($used) = map { $_->{last_used_at} } grep { $_->{public_id} eq $id }
	    @{ data($send->($admin, 'GET', ''), "$name: list")->{api_keys} };
	like($used, qr/\A\d{4}-/, "$name: the use is told");
	data($send->($key, 'GET', '/self'), "$name: another use");
	is($saves->($plain), 200, "$name: and another commit");
	is(data($send->($key, 'GET', '/self'), "$name: self")->{last_used_at},
	    $used, "$name: is not noted within a minute");
}

# The command line.
my $key = make('cli', qw(--expires 5d));
my $id = id($key);
my $text = $house->admin_ok(qw(key rotate), $id, '--overlap', '0s');
chomp $text;
push @texts, $text;
like($text, qr/\Asrk_[\w-]{58}\z/, 'key rotate prints the new key');
is($house->fcgi(key => $text, method => 'GET', path => KEYS . '/self')
    ->{status}, 200, 'which is good');
answer_is($house->fcgi(key => $key), 401, $BAD_KEY, 'and the other is over');
like($house->admin(qw(key rotate), $id)->{err}, qr/key $id is over/,
    'and not rotated again');
is($house->admin(qw(key rotate zzzzzzzz))->{exit}, 3, 'there is no such key');
is($house->admin(qw(key rotate), $id, '--overlap', $_)->{exit}, 2,
    "--overlap $_") for '8d', '1', '1w', '';
$key = make('cli');
$text = $house->admin_ok(qw(key rotate), id($key));
chomp $text;
is($house->fcgi(key => $_)->{status}, 422, 'both are good for a while')
    for $key, $text;
is($house->admin(qw(key rotate), id($key))->{exit}, 1,
    'and the first is rotated once');
my %action = map { $_->{action} => $_->{n} } $house->rows(
    'SELECT action, count(*) AS n FROM audit GROUP BY action');
is($action{key_rotate}, 2 + 2 * 4, 'each rotation stands in the audit');

finish(), exit if $house->{server};

# More keys than an answer holds: the newest, as many as it does.
my $many = make('many', qw(--scopes admin));
$house->tamper("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
    . "n WHERE i < 4000) INSERT INTO api_keys (key_hash, public_id, user, name, "
    . "created_at, scopes) SELECT randomblob(32), printf('%08d', i), 'many', "
    . "printf('%.*c', 900, 'x'), printf('2020-01-01T00:00:00.%06d', i), 'read' "
    . 'FROM n');
my $list = saved_ok($house->fcgi(key => $many, method => 'GET', path => KEYS,
    type => undef), 'a long list')->{api_keys};
cmp_ok(scalar @$list, '>', 1500, 'has many');
cmp_ok(scalar @$list, '<', 2500, 'and not more than there is room for');
is(join(' ', map { $_->{public_id} } @$list), join(' ', id($many), map {
    sprintf '%08d', 4001 - $_ } 1 .. @$list - 1), 'the newest, in order');

# The keys themselves.
$house->stop_worker;
my $bytes = join '', map { slurp($_) } grep { -f } map { glob "$house->{dir}/$_/*" }
    qw(data log keys);
cmp_ok(scalar @texts, '>', 30, 'of the keys that were shown');
is(scalar(grep { index($bytes, substr $_, 13) >= 0 } @texts), 0,
    'none is in the database, its log, or the log');
is(scalar(grep { index($bytes, id($_)) < 0 } @texts), 0,
    'and each is known by its id');

finish();
