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
is(outcomes($out), '1:imported', 'and told');
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
	is("$ran->{exit} $ran->{out}", '1 ', "export @$wrong: nothing");
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
