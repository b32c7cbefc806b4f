#!/usr/bin/perl
# Moving in and moving out: import, export, and the recipient of an export.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode encode);
use Strongroom::Proc qw(run);

my $old = house(name => 'old');
my $new = house(name => 'new');
my $id = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

# A row as psql prints it: SELECT row_to_json(i) FROM integrations i.
my $psql = '{"integration_id":"3F2504E0-4F89-41D3-9A0C-0305E82C3301",'
    . '"name":"Prod","integration_type":"sentry","status":"inactive",'
    . '"active":false,"auth_data":{"access_token": "moved-token-1", "n": 1.50},'
    . '"scope_data":{"org_slug": "acme"},"integration_metadata":'
    . '{"instance_name": "Prod", "created_via": "oauth", "x": [1]},'
    . '"unique_identifier":"sentry-1","created_by":"alice",'
    . '"created_at":"2025-01-27T10:30:00.123456+02:00",'
    . '"updated_at":"2025-02-27T10:30:00+00:00"}';

# import(HOUSE, LINES, ARGUMENTS): exit, each line's outcome, the last message.
sub import_into {
	my ($house, $lines, @args) = @_;
	my $ran = $house->admin('import', '--json', @args,
	    { stdin => $lines });
	my @out = map { decode($_) } split /\n/, $ran->{out};
	return ($ran->{exit}, \@out, $ran->{err});
}

sub outcomes { join ' ', map { "$_->{line}:$_->{outcome}" } @{ $_[0] } }

my ($exit, $out, $err) = import_into($old, "$psql\n");
is($exit, 0, 'a row of psql is imported') || diag($err);
is_deeply($out, [{ line => 1, outcome => 'imported', created_by => 'alice',
    unique_identifier => 'sentry-1' }], 'and told');
my $row = $old->show($id);
is($row->{$_->[0]}, $_->[1], "$_->[0] is kept") for
    ['name', 'Prod'], ['status', 'inactive'], ['created_by', 'alice'],
    ['unique_identifier', 'sentry-1'],
    ['created_at', '2025-01-27T08:30:00.123456'],
    ['updated_at', '2025-02-27T10:30:00.000000'];
ok(!$row->{active}, 'active is kept');
is(encode($row->{metadata}), encode({ instance_name => 'Prod',
    created_via => 'oauth', version => undef, description => undef,
    tags => [], x => [1] }), 'integration_metadata is its metadata');
is($old->reveal($id), '{"access_token": "moved-token-1", "n": 1.50}',
    'auth_data is sealed as it was written');
unlike(slurp($old->{database}) . slurp("$old->{database}-wal"),
    qr/moved-token-1/, 'and nowhere in clear');

# Again, and after a save: what is there stays.
($exit, $out) = import_into($old, $psql);
is("$exit " . outcomes($out), '0 1:exists', 'again: it is there already');
$old->worker;
my $key = $old->key('alice');
my $answer = $old->fcgi(key => $key, body => '{"name":"Renamed",'
    . '"integration_type":"sentry","unique_identifier":"sentry-1"}');
is($answer->{status}, 200, 'its owner saves it anew');
is(decode($answer->{body})->{data}{integration_id}, $id, 'under its id');
import_into($old, $psql);
is($old->show($id)->{name}, 'Renamed', 'an import changes nothing then');

# Each system writes moments in its own way.
my $spelling = house(name => 'spelling');
my $spelled = 0;
for my $moment ('2025-01-27 10:30:00.123456+02', '2025-01-27T08:30:00.123456Z',
    '2025-01-27t14:00:00.123456789012+0530', '1737966600.123456',
    '1737966600123.456') {
	my $uuid = sprintf '22222222-3333-4444-5555-%012d', ++$spelled;
	($exit, $out) = import_into($spelling, qq({"name":"x","integration_type":)
	    . qq("jira","integration_id":"$uuid","created_by":"c",)
	    . qq("created_at":"$moment"}));
	is(outcomes($out), '1:imported', "a row of $moment");
	is($spelling->show($uuid)->{created_at}, '2025-01-27T08:30:00.123456',
	    'is of that moment');
}

# Lines that are wrong: each is told, the others are imported.
my $jira = '"name":"x","integration_type":"jira"';
my @lines = (
    [imported => "{$jira,\"unique_identifier\":\"u1\",\"created_by\":\"b\"}"],
    [refused => 'no JSON'],
    [refused => '[1]'],
    [refused => '{"name":"", "integration_type":"jirra"}'],
    [refused => "{$jira,\"created_by\":\"b\"}"],
    [refused => "{$jira,\"unique_identifier\":\"u2\"}"],
    [refused => "{$jira,\"unique_identifier\":\"u2\",\"created_by\":7}"],
    [refused => "{$jira,\"created_by\":\"b\",\"integration_id\":\"zz\"}"],
    [refused => "{$jira,\"created_by\":\"b\",\"integration_id\":"
	. "\"3f2504e0-4f89-41d3-9a0c_0305e82c3301\"}"],
    [refused => "{$jira,\"created_by\":\"b\",\"unique_identifier\":\"u2\","
	. '"created_at":"yesterday"}'],
    [refused => "{$jira,\"created_by\":\"b\",\"unique_identifier\":\"u2\","
	. '"created_at":"9999-12-31T23:59:59-01:00"}'],
    [refused => "{$jira,\"created_by\":\"b\",\"unique_identifier\":\"u2\","
	. "\"integration_id\":\"$id\"}"],
    [refused => '{"name":"' . 'x' x 1_200_000 . '"}'],
    [imported => "{$jira,\"created_by\":\"b\",\"integration_id\":"
	. '"11111111-2222-3333-4444-555555555555"}'],
    [imported => "{$jira,\"metadata\":{\"x\":1},\"integration_metadata\":"
	. '{"y":1},"unique_identifier":"u3","created_by":"b"}'],
);
($exit, $out, $err) = import_into($old, join "\n", map { $_->[1] } @lines);
is($exit, 1, 'lines that are refused: exit 1');
is(outcomes($out), join(' ', map { ($_ + 1) . ":$lines[$_][0]" }
    0 .. $#lines), 'each line is told');
like($err, qr/^15 lines: 3 imported, 0 there already, 12 refused$/m,
    'and counted');
is($old->show('11111111-2222-3333-4444-555555555555')->{unique_identifier},
    'jira-11111111-2222-3333-4444-555555555555',
    'an identifier is made as for a save');
is(encode($out->[3]{why}{detail}[0]), encode({ loc => ['body', 'name'],
    msg => 'ensure this value has at least 1 characters',
    type => 'value_error.any_str.min_length' }), 'in the words of a 422');
is(encode([map { $_->{why}{detail} } @$out[5, 6]]), encode([
    [{ loc => ['body', 'created_by'], msg => 'field required',
    type => 'value_error.missing' }], [{ loc => ['body', 'created_by'],
    msg => 'str type expected', type => 'type_error.str' }]]),
    'an owner is missing, or is none, and not both');
unlike(encode($out), qr/moved-token|yesterday/, 'no value is repeated');

# The owner by option.
($exit, $out) = import_into($old, "{$jira,\"unique_identifier\":\"u9\","
    . '"created_by":"b"}', '--user', 'carol');
is($out->[0]{created_by}, 'carol', '--user owns all that is imported');

# Broken off in the middle, and run again.
my @many = map { "{$jira,\"unique_identifier\":\"many-$_\","
    . "\"created_by\":\"d\",\"auth_data\":{\"access_token\":\"t$_\"}}" }
    1 .. 40;
import_into($old, join("\n", @many[0 .. 24], '{"name":'));
($exit, $out) = import_into($old, join("\n", @many));
is($exit, 0, 'an import that was broken off is run again');
is(outcomes($out), join(' ', map({ "$_:exists" } 1 .. 25),
    map({ "$_:imported" } 26 .. 40)), 'and goes on where it was');

# One identifier, other integrations: none is dropped without a word.
my $own = house(name => 'own');
my $same = '"unique_identifier":"same","created_by":"e"';
my @ids = map { "00000000-0000-4000-8000-00000000000$_" } 1, 2;
($exit, $out) = import_into($own, join "\n",
    map { "{$_->[0],$same" . ($_->[1] ? ",\"integration_id\":\"$_->[1]\"" : '')
    . '}' } [$jira, $ids[0]], [$jira, $ids[1]], [$jira, undef],
    [$jira =~ s/jira/slack/r, undef], [$jira, uc $ids[0]]);
is("$exit " . outcomes($out), '1 1:imported 2:refused 3:exists 4:refused '
    . '5:exists', 'an identifier that another integration has is refused');
is($out->[1]{why}{detail}, 'its unique_identifier is that of the jira '
    . "integration $ids[0], not of $ids[1]", 'and says which two');
is($out->[3]{why}{detail}, 'its unique_identifier is that of the jira '
    . "integration $ids[0], not of a slack one", 'or of what kind');
($exit, $out) = import_into($own, "{$jira,\"unique_identifier\":\"c\","
    . '"created_by":"a\\u001bb"}');
is($out->[0]{why}{detail}[0]{msg}, 'control characters are not allowed',
    'an owner whose name moves a cursor is refused');

# A row of three saves, each with as much as one may have.
{
	$own->worker;
	my $many = join ',', map { qq("m$_":[) . join(',', (1) x 15) . ']' }
	    1 .. 900;
	for my $object (qw(auth_data scope_data metadata)) {
		saved_ok($own->fcgi(body => "{$jira,\"unique_identifier\":"
		    . "\"large\",\"$object\":{$many}}"), "a large $object");
	}
	is($own->stop_worker->{exit}, 0, 'the worker ends');
	my $large = $own->admin('export', '--in-clear', '--user',
	    $own->user)->{out};
	my $there = house(name => 'large');
	($exit, $out) = import_into($there, $large);
	is($exit, 0, 'what the service takes, import takes');
	is(scalar @{ $there->integrations }, scalar @$out, 'all of it');
}

# A long import leaves no long log.
{
	my $there = house(name => 'long');
	my $token = 'x' x 20_000;
	($exit) = import_into($there, join "\n", map { "{$jira,\"created_by\":"
	    . "\"f\",\"unique_identifier\":\"l$_\",\"auth_data\":{"
	    . "\"access_token\":\"$token\"}}" } 1 .. 1500);
	is($exit, 0, 'an import of 30 MB');
	cmp_ok(-s "$there->{database}-wal", '<=', 16 << 20,
	    'leaves a log of 16 MiB at most');
}

# Export: for a recipient, and back in elsewhere.
my $secret = "$old->{dir}/recipient";
my $public = $old->admin_ok('recipient', 'create', $secret);
chomp $public;
my $exported = $old->admin('export', '--recipient', $public);
is($exported->{exit}, 0, 'export to a recipient') || diag($exported->{err});
like($exported->{err}, qr/^45 integrations$/m, 'says how many');
unlike($exported->{out}, qr/moved-token|Renamed|many-1/,
    'nothing of them is in clear');
my $clear = $old->admin_ok('export', '--in-clear');
like($clear, qr/moved-token-1/, 'in clear they are');
is(scalar(split /\n/, $clear), 45, 'a line for each');
ok(!grep({ !eval { decode($_) } } split /\n/, $clear), 'of JSON each');

($exit, $out, $err) = import_into($new, $exported->{out});
is("$exit @$out", '1 ', 'a parcel without --identity is not imported');
like($err, qr/--identity/, 'and the option is named');
($exit, $out) = import_into($new, substr($exported->{out}, 0, -1),
    '--identity', $secret);
is($exit, 1, 'nor is one that is cut');
my $other = "$old->{dir}/other";
$old->admin_ok('recipient', 'create', $other);
($exit, $out) = import_into($new, $exported->{out}, '--identity', $other);
is("$exit @$out", '1 ', 'nor by another recipient');
($exit, $out, $err) = import_into($new, $exported->{out}, '--identity',
    $secret);
is("$exit " . @$out, '0 45', 'the recipient imports all') || diag($err);
is($new->admin_ok('export', '--in-clear'), $clear,
    'and has the same, byte for byte');
my $alices = $old->admin_ok('export', '--in-clear', '--user', 'alice');
is(scalar(split /\n/, $alices), 1, '--user exports what is theirs');

# Neither by mistake.
for my $wrong ([], ['--recipient', $public, '--in-clear'], ['--recipient', 'srpub_x'],
    ['--recipient', $public =~ s/_(.)/'_' . ($1 eq 'A' ? 'B' : 'A')/er]) {
	my $ran = $old->admin('export', @$wrong);
	is("$ran->{exit} $ran->{out}", '2 ', "export @$wrong: usage");
	like($ran->{err}, qr/\A\S+ error \S.*\n\z/, 'and a line that says so');
}
is($old->admin('recipient', 'create', $secret)->{exit}, 1,
    'a recipient\'s file is never overwritten');
my $json = decode($old->admin_ok('recipient', 'create', '--json',
    "$old->{dir}/third"));
like($json->{public_key}, qr/\Asrpub_[\w-]{48}\z/, 'a recipient in JSON');
is($old->admin('recipient', 'create', "$old->{dir}/none/r")->{exit}, 1,
    'a recipient in no directory');

# What cannot be written whole, or read.
sub to_full_disk {
	my (@args) = @_;
	return run(cmd => ['sh', '-c', 'exec "$@" >/dev/full', 'sh',
	    program('strongroom'), '--config', $old->{conf}, @args],
	    env => Strongroom::clean_env());
}
for my $args (['export', '--in-clear'], ['export', '--recipient', $public],
    ['recipient', 'create', "$old->{dir}/fourth"]) {
	my $ran = to_full_disk(@$args);
	is($ran->{exit}, 1, "@$args[0, 1] to a full disk: exit 1");
	unlike($ran->{err}, qr/\d+ integrations/, 'and no word of success');
}
like(to_full_disk('export', '--in-clear')->{err}, qr/cannot be written whole/,
    'but one of the fault');
is(run(cmd => ['sh', '-c', 'exec "$@" <"$0"', $old->{dir},
    program('strongroom'), '--config', $old->{conf}, 'import'],
    env => Strongroom::clean_env())->{exit}, 1, 'a directory is not imported');
for my $bytes (60, 119, 130) {
	($exit, $out) = import_into($new, substr($exported->{out}, 0, $bytes),
	    '--identity', $secret);
	is("$exit @$out", '1 ', "the first $bytes bytes of a parcel: nothing");
}
($exit, $out, $err) = import_into($new, $exported->{out}, '--identity',
    "$old->{dir}/none");
is("$exit @$out", '1 ', 'a secret key that is not there');
my $key_file = slurp($new->{master_key});
spew($new->{master_key}, slurp($old->{master_key}), 0600);
for my $args (['import'], ['export', '--in-clear']) {
	is($new->admin(@$args, { stdin => '' })->{exit}, 65,
	    "$args->[0] with the key file of another database");
}
spew($new->{master_key}, $key_file, 0600);
is($old->admin_ok('check'), "45 integrations, 41 boxes, 0 faults\n",
    'all that was imported is whole');

# A box that was moved: the others are exported, and it is said.
$new->tamper("UPDATE integrations SET unique_identifier = 'moved' "
    . "WHERE unique_identifier = 'many-7'");
my $ran = $new->admin('export', '--in-clear');
is($ran->{exit}, 1, 'an export with a box that does not open: exit 1');
is(scalar(split /\n/, $ran->{out}), 44, 'the others are there');
like($ran->{err}, qr/box of integration \S+ does not open/,
    'and the one is named');

finish();
