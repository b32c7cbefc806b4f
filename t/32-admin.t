#!/usr/bin/perl
# The command line: verbs, options, exit codes, the life of a key, and what
# the operator can see of an integration.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run wait_until);

my $house = house(init => 0, name => 'with a space');
my $body = '{"name":"n","integration_type":"jira"}';
my $invalid = '{"detail":"Invalid API key"}';

sub fails {
	my ($exit, $name, @args) = @_;
	my $ran = $house->admin(@args);
	is($ran->{exit}, $exit, "$name: exit $exit") || diag($ran->{err});
	is($ran->{out}, '', "$name: nothing on stdout");
	like($ran->{err}, qr/\S/, "$name: a word on stderr");
	return $ran;
}

# Before init.
fails(1, "$_->[1] before init", @$_) for [qw(key list)],
    [qw(integration list)], [qw(key create --user u)];
my $ran = $house->admin('check');
is($ran->{exit}, 1, 'check before init: exit 1');

# init.
$ran = $house->admin('init');
is($ran->{exit}, 0, 'init') || diag($ran->{err});
is((stat $house->{master_key})[2] & 07777, 0600, 'the key file is 0600');
is((stat $house->{database})[2] & 0007, 0, 'the database is not for others');
my @before = map { slurp($house->{$_}) } qw(master_key database);
fails(1, 'init again', 'init');
is(slurp($house->{master_key}), $before[0], 'the key file is the same');
unlink $house->{database} or die $!;
fails(1, 'init beside a key file', 'init');
ok(!-e $house->{database}, 'makes no database');
is(slurp($house->{master_key}), $before[0], 'and keeps the key');
spew($house->{database}, $before[1], 0600);
unlink $house->{master_key} or die $!;
fails(1, 'init beside a database', 'init');
ok(!-e $house->{master_key}, 'makes no key');
is(slurp($house->{database}), $before[1], 'and keeps the database');
# What is left of a database may have been its last saves.
unlink $house->{database} or die $!;
for my $end (qw(-wal -journal -shm)) {
	my $left = spew("$house->{database}$end", 'saved');
	fails(1, "init beside a $end that was left", 'init');
	is(slurp($left), 'saved', 'leaves it as it is');
	ok(!-e $house->{master_key} && !-e $house->{database},
	    'and makes nothing');
	unlink $left or die $!;
}
spew($house->{database}, $before[1], 0600);
spew($house->{master_key}, $before[0], 0600);

# Usage.
for my $wrong ([], ['nonsense'], ['key'], ['key', 'nonsense'],
    ['integration'], ['integration', 'nonsense'], ['key', 'create'],
    ['key', 'create', '--user'], ['key', 'create', '--user', 'u', 'more'],
    ['key', 'create', '--nonsense', '--user', 'u'], ['key', 'revoke'],
    ['integration', 'show'], ['integration', 'reveal'],
    ['key', 'list', 'more'], ['init', 'more'],
    ['key', 'create', '--user', ''], ['key', 'create', '--user', "a\nb"],
    ['key', 'create', '--user', 'x' x 256],
    map({ my $user = $_; map { [@$_, '--user', $user] } [qw(key import)],
    [qw(integration list)], ['import'], [qw(export --in-clear)] }
    '', "a\nb", "\xff"),
    map({ ['key', 'create', '--user', 'u', '--expires', $_] } '', '90',
    'd', '90x', '-1d', '1.5h', '0x5d', ' 1d', '1d ', '1dd',
    '99999999999999999999d')) {
	fails(2, "'@$wrong'", @$wrong);
}
for (['there is no command nonsense', 'nonsense'],
    ['a word is missing behind key', 'key'],
    ['there is no command key nonsense', 'key', 'nonsense'],
    ['there is no option --nonsense', 'key', '--nonsense', 'list'],
    ['there is no option -x', '-x', 'key', 'list'],
    ['there is no option -xy', 'key', '-xy', 'list'],
    ['there is no option --json=1', 'key', '--json=1', 'list'],
    ['a value is missing behind --user', 'key', 'create', '--user'],
    ['an ID is missing behind revoke', 'key', 'revoke'],
    ['this command takes no further word: more', 'init', 'more'],
    ['no command takes so many words: d', 'a', 'b', 'c', 'd'],
    ['this command takes no option --expires', 'key', 'list', '--expires',
    '1d']) {
	my ($says, @args) = @$_;
	my $said = $house->admin(@args);
	is($said->{exit}, 2, "'@args': exit 2");
	like($said->{err}, qr/\A\S+ error \Q$says\E; see strongroom --help\n\z/,
	    'and says in one line what is wrong');
}
like($house->admin('--help')->{out}, qr/\Ausage: .*key create/s,
    '--help prints the usage');
fails(78, 'a configuration that is not there', '--config',
    "$house->{dir}/none.conf", 'key', 'list', { bare => 1 });
spew("$house->{dir}/bad.conf", "max_requests = \"x\"\n");
like(fails(78, 'a bad configuration', '--config', "$house->{dir}/bad.conf",
    'key', 'list', { bare => 1 })->{err}, qr/bad\.conf:1/, 'file and line');
for my $version (['version'], ['--json', 'version']) {
	like($house->admin_ok(@$version), qr/\d+\.\d+/, "@$version");
}

# Options before and after the verb.
my @conf = ('--config', $house->{conf});
for my $order ([@conf, 'key', 'list', '--json'], ['key', 'list', @conf, '--json'],
    ['--json', 'key', 'list', @conf], ['key', '--json', @conf, 'list'],
    ["--config=$house->{conf}", '--json', 'key', 'list']) {
	my $list = decode($house->admin_ok(@$order, { bare => 1 }));
	is(ref $list, 'ARRAY', "'" . join(' ', map { s{.*/}{}r } @$order)
	    . "' is a list");
}

# The life of a key.
my $key = $house->admin_ok(qw(key create --user u --name laptop));
like($key, qr/\Asrk_[0-9a-z]{8}_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}\n\z/,
    'key create prints the key alone');
chomp $key;
my $id = $house->public_id($key);
my ($row) = grep { $_->{public_id} eq $id }
    @{ decode($house->admin_ok(qw(key list --json))) };
is_deeply([sort keys %$row], [sort qw(public_id user name scopes types
    created_at expires_at revoked_at last_used_at replaced_by)],
    'key list --json: the members');
is_deeply($row->{scopes}, [qw(save read)], 'a key has two scopes');
is($row->{types}, undef, 'and is for all types');
is($row->{user}, 'u', 'the user');
is($row->{name}, 'laptop', 'the name');
is_deeply([@$row{qw(expires_at revoked_at)}], [undef, undef],
    'neither expiry nor revocation');
like($house->admin_ok(qw(key list)), qr/$id.*laptop|laptop.*$id/,
    'key list: a table with the key');
unlike($house->admin_ok(qw(key list)) . $house->admin_ok(qw(key list --json)),
    qr/\Q@{[substr $key, 13, 43]}\E/, 'which never shows a key again');
my ($stored) = $house->rows('SELECT length(key_hash) AS n, instr(key_hash, '
    . "'$key') AS clear FROM api_keys WHERE public_id = '$id'");
is_deeply($stored, { n => 32, clear => 0 }, 'nor stores it');

$house->worker;
$house->nginx;
my $saved = sub { saved_ok($house->http(body => $body, key => $_[0]), $_[1]) };
my $refused = sub { answer_is($house->http(body => $body, key => $_[0]), 401,
    $invalid, $_[1]) };
is($saved->($key, 'the key opens')->{created_by}, 'u', 'for its user');
my $second = $house->admin_ok(qw(key create --user u)) =~ s/\n//r;
$saved->($second, 'a key made while the worker runs');
$house->admin_ok('key', 'revoke', $id);
$refused->($key, 'a revoked key, at the very next request');
answer_is($house->cgi(body => $body, key => $key), 401, $invalid,
    'by CGI too');
$saved->($second, "the user's other key still opens");
($row) = grep { $_->{public_id} eq $id }
    @{ decode($house->admin_ok(qw(key list --json))) };
like($row->{revoked_at}, qr/\A\d{4}-\d\d-\d\dT/, 'revoked_at is listed');
fails(3, 'revoking a key that is not there', 'key', 'revoke', 'zzzzzzzz');
fails(3, 'revoking nonsense', 'key', 'revoke', "x' OR 1=1--");

my $brief = $house->admin_ok(qw(key create --user u --expires 2s)) =~ s/\n//r;
my $long = $house->admin_ok(qw(key create --user u --expires 90d)) =~ s/\n//r;
ok(wait_until(30, sub {
	$house->http(body => $body, key => $brief)->{status} == 401;
}), 'a key of two seconds expires');
$refused->($brief, 'and is an invalid key then');
$saved->($long, 'a key of 90 days does not');
my %span = ('90d' => 90 * 86400, '36h' => 36 * 3600, '15m' => 900,
    '3600s' => 3600);
for my $span (sort keys %span) {
	my $made = $house->admin_ok(qw(key create --user u --expires), $span);
	my ($listed) = $house->rows('SELECT (julianday(substr(expires_at, 1, 19))'
	    . ' - julianday(substr(created_at, 1, 19))) * 86400 AS s FROM '
	    . "api_keys WHERE public_id = '@{[$house->public_id($made)]}'");
	cmp_ok(abs($listed->{s} - $span{$span}), '<', 2, "--expires $span");
}

# Keys from elsewhere.
my $old = 'legacy-key:0123456789/~!';
$ran = $house->admin(qw(key import --user old --name legacy),
    { stdin => "$old\n" });
is($ran->{exit}, 0, 'key import') || diag($ran->{err});
unlike($ran->{out} . $ran->{err}, qr/\Q$old\E/, 'does not repeat the key');
is($saved->($old, 'an imported key opens')->{created_by}, 'old',
    'for its user');
my ($imported) = grep { $_->{user} eq 'old' }
    @{ decode($house->admin_ok(qw(key list --json))) };
like($imported->{public_id}, qr/\A[0-9a-z]{8}\z/, 'under a fresh public id');
fails(1, 'importing it again', qw(key import --user other), { stdin => $old });
$house->admin_ok('key', 'revoke', $imported->{public_id});
$refused->($old, 'a revoked imported key');
for my $bad ('', "\n", 'x' x 15, 'x' x 513, 'with a space in it',
    'with,a,comma,in,it', "with\ttab-in-the-middle", "caf\xc3\xa9-caf\xc3\xa9-caf\xc3\xa9",
    "two-lines-are-too\nmany-for-one-key") {
	$ran = $house->admin(qw(key import --user u), { stdin => $bad });
	ok($ran->{exit} eq '1' || $ran->{exit} eq '2',
	    'no key to import: ' . substr($bad, 0, 20) =~ s/[^ -~]/?/gr)
	    || diag("exit $ran->{exit}");
	is($ran->{out}, '', 'nothing on stdout');
}
for my $edge ('y' x 16, 'y' x 512) {
	$house->admin_ok(qw(key import --user edge), { stdin => $edge });
	$saved->($edge, 'a key of ' . length($edge) . ' characters');
}
is(decode($house->admin_ok(qw(key list --json)))->[-1]{user}, 'edge',
    'key list is in order of creation');

# Integrations.
my $auth = '{ "access_token" : "tok-en" , "n" : 1E400 }';
my $data = saved_ok($house->http(key => $second, body => '{"name":"shown",'
    . '"integration_type":"slack","unique_identifier":"id-1","status":'
    . '"pending","active":false,"scope_data":{"org_slug":"o","x":[1]},'
    . "\"auth_data\":$auth}"), 'an integration to look at');
my $iid = $data->{integration_id};
my ($listed) = grep { $_->{integration_id} eq $iid } @{ $house->integrations };
is_deeply([sort keys %$listed], [sort qw(integration_id name integration_type
    status active unique_identifier created_by created_at updated_at
    has_auth_data has_scope_data)], 'integration list --json: the members');
is($listed->{active}, JSON::PP::false(), 'booleans are booleans');
my $shown = $house->show($iid);
is_deeply([sort keys %$shown], [sort keys %$listed, qw(scope_data metadata
    revision expires_at last_revealed_at reveal_count)],
    'integration show --json: and more');
is_deeply({ map { $_ => $shown->{$_} } keys %$listed }, $listed,
    'with the same values');
is($shown->{$_}, $data->{$_}, "show: $_ is what the answer said")
    for qw(name status unique_identifier created_by created_at);
is_deeply($shown->{metadata}, $data->{metadata}, 'metadata too');
like($house->admin_ok('integration', 'show', $iid), qr/id-1/, 'show: a page');
like($house->admin_ok('integration', 'list'), qr/shown/, 'list: a table');
my $mine = decode($house->admin_ok(qw(integration list --json --user old)));
is_deeply([map { $_->{created_by} } @$mine], ['old'], 'list --user');
is_deeply(decode($house->admin_ok(qw(integration list --json --user nobody))),
    [], 'of a user without any');
is($house->reveal($iid), $auth, 'reveal: the very bytes');
unlike(join('', map { $house->admin_ok('integration', @$_) } ['list'],
    ['list', '--json'], ['show', $iid], ['show', $iid, '--json']),
    qr/tok-en/, 'nothing else shows the token');
for my $verb (qw(show reveal)) {
	fails(3, "$verb of one that is not there", 'integration', $verb,
	    '01890000-0000-7000-8000-000000000000');
	fails(3, "$verb of nonsense", 'integration', $verb, "' OR 1=1--");
}
$data = saved_ok($house->http(key => $second, body => '{"name":'
    . '"\\u001b[31mred\\n\\u202e","integration_type":"jira"}'), 'an odd name');
unlike($house->admin_ok('integration', 'list'), qr/\x1b|red\n/,
    'no control character reaches a terminal');

# check, and boxes that were moved or changed.
is($house->admin('check')->{exit}, 0, 'check: all is well');
$house->stop_worker;
my $victim = saved_ok($house->cgi(key => $second, body => '{"name":"v",'
    . '"integration_type":"slack","unique_identifier":"id-2","auth_data":'
    . '{"access_token":"other"}}'), 'a second box');
my $vid = $victim->{integration_id};
my %crime = ('moved to another row' =>
    "UPDATE integrations SET auth_data = (SELECT auth_data FROM integrations "
    . "WHERE integration_id = '$iid') WHERE integration_id = '$vid'",
    'of a row that changed its owner' => "UPDATE integrations SET created_by ="
    . " 'thief' WHERE integration_id = '$vid'",
    'of a row that changed its identifier' => "UPDATE integrations SET "
    . "unique_identifier = 'id-3' WHERE integration_id = '$vid'",
    'with another last byte' => "UPDATE integrations SET auth_data = "
    . "CAST(substr(auth_data, 1, length(auth_data) - 1) || "
    . "CASE hex(substr(auth_data, -1)) WHEN '00' THEN x'01' ELSE x'00' END "
    . "AS BLOB) "
    . "WHERE integration_id = '$vid'",
    'cut short' => "UPDATE integrations SET auth_data = "
    . "substr(auth_data, 1, 10) WHERE integration_id = '$vid'");
my $saved_db = $house->tamper('PRAGMA wal_checkpoint(TRUNCATE)') && 1;
my $copy = slurp($house->{database});
for my $crime (sort keys %crime) {
	$house->tamper($crime{$crime});
	fails(1, "reveal of a box $crime", 'integration', 'reveal', $vid);
	$ran = $house->admin('check');
	is($ran->{exit}, 1, "check finds a box $crime");
	like($ran->{out} . $ran->{err}, qr/\Q$vid\E/, 'and names it');
	unlink map { "$house->{database}-$_" } qw(wal shm);
	spew($house->{database}, $copy);
}
is($house->reveal($vid), '{"access_token":"other"}', 'the box as it was opens');

# C1 control characters steer terminals as C0 do.
is($house->admin(qw(key create --user), "a\x{c2}\x{9b}31m")->{exit}, 2,
    'a user with a C1 control character is refused');
saved_ok($house->cgi(body => "{\"name\":\"x\x{c2}\x{9b}2J\","
    . '"integration_type":"jira"}'), 'an integration whose name has one');
unlike($house->admin_ok(qw(integration list)), qr/\x{c2}[\x{80}-\x{9f}]/,
    'and a table shows none');

# A database that is reached by a link has the lock of the one it is.
my $link = "$house->{dir}/link.db";
symlink $house->{database}, $link or die $!;
my $linked = spew("$house->{dir}/linked.conf",
    slurp($house->{conf}) =~ s/^database = .*$/database = "$link"/mr);
is($house->admin(qw(key create --user linked --config), $linked,
    { bare => 1 })->{exit}, 0, 'a database by a link');
ok(!-e "$link.lock", 'has no lock file of its own');

# What cannot be printed is no success.
my $copies = 0;
for my $words ([qw(key list)], [qw(integration list)],
    [qw(integration show), $vid], [qw(integration reveal), $vid], ['check'],
    ['version'], [qw(master-key status)], ['doctor'], ['backup']) {
	for my $json ([], ['--json']) {
		my @more = $words->[0] eq 'backup'
		    ? "$house->{dir}/copy-" . ++$copies : ();
		my $ran = run(cmd => ['sh', '-c', 'exec "$@" >/dev/full', 'sh',
		    program('strongroom'), '--config', $house->{conf}, @$words,
		    @more, @$json], env => Strongroom::clean_env());
		is($ran->{exit}, 1, "@$words @$json to a full disk: exit 1");
	}
}

# On a terminal a message is for people; elsewhere it is a line of the log.
SKIP: {
	skip 'script is missing: install bsdutils', 4
	    if run(cmd => ['sh', '-c', 'command -v script'])->{exit} ne '0';
	for my $case ([['integration', 'show', 'x'], 'integration_id'],
	    [['nonsense'], 'there is no command nonsense']) {
		my ($words, $says) = @$case;
		my $shell = join ' ', map { s/'/'\\''/gr =~ s/.*/'$&'/sr }
		    program('strongroom'), '--config', $house->{conf}, @$words;
		my $seen = run(cmd => ['script', '-qec', $shell, '/dev/null'],
		    env => Strongroom::clean_env(SHELL => '/bin/sh'));
		like($seen->{out}, qr/\Astrongroom: [^\n]+\r\n\z/,
		    "strongroom @$words on a terminal: for people");
		like($house->admin(@$words)->{err},
		    qr/\A\d{4}-\S+Z error [^\n]+\n\z/, 'else for the log');
	}
}

finish();
