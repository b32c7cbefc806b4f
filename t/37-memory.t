#!/usr/bin/perl
# However many rows there are, the command line holds some of them at a time:
# with 40,000 integrations and as many keys, each command does with memory that
# a tenth of them would not fit into.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Proc qw(run);

plan skip_all => 'a sanitizer has memory of its own' if slow() > 1;

use constant { ROWS => 40_000, LIMIT_KIB => 10_000 };

my $house = house();
my $filled = run(cmd => [program('t/faults/rows'), $house->{conf}, ROWS, 400],
    env => Strongroom::clean_env(), seconds => 600);
is($filled->{exit}, 0, 'there are rows') || diag($filled->{err});
$house->tamper('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM '
    . 'n WHERE i < ' . ROWS . ') INSERT INTO api_keys (key_hash, public_id, '
    . "user, created_at) SELECT CAST(printf('%032d', i) AS BLOB), "
    . "printf('%08d', i), 'rows', '2024-01-15T10:30:00.000000' FROM n");

# Run with so much memory for data, that is all that it allocates.
sub within {
	my ($kib, @args) = @_;
	my %o = ref $args[-1] ? %{ pop @args } : ();
	return run(cmd => ['sh', '-c', "ulimit -d $kib && exec \"\$@\"", 'sh',
	    program('strongroom'), '--config', $house->{conf}, @args],
	    env => Strongroom::clean_env(), seconds => 600, %o);
}

cmp_ok(within(1000, qw(integration list))->{exit}, 'ne', '0',
    'control: memory has a limit');

sub count { scalar(() = $_[1] =~ /$_[0]/g) }

for my $case ([qw(integration list)], [qw(integration list --json)],
    [qw(integration list --user rows)], [qw(export --in-clear)],
    [qw(export --in-clear --user rows)]) {
	my $ran = within(LIMIT_KIB, @$case);
	is($ran->{exit}, 0, "@$case") || diag($ran->{err});
	my $identifier = $ran->{out} =~ /\A[\[{]/
	    ? qr/"unique_identifier":"row-\d/ : qr/ row-\d+ +active/;
	is(count($identifier, $ran->{out}), ROWS, 'has all rows');
}
my ($head, @lines) = split /\n/, $house->admin_ok(qw(integration list));
is(index($lines[$_], ' active '), index($head, ' STATUS '),
    "a table is as wide as its first rows need, at row-$_") for 0, 999;
cmp_ok(index($lines[-1], ' active '), '>', index($head, ' STATUS '),
    'and a later one that is wider is not cut');
for my $case ([qw(key list)], [qw(key list --json)]) {
	my $ran = within(LIMIT_KIB, @$case);
	is($ran->{exit}, 0, "@$case") || diag($ran->{err});
	is(count(qr/\b0\d{7}\b/, $ran->{out}), ROWS, 'has all keys');
}
for my $case ([qw(master-key status)], ['backup', "$house->{dir}/copy.db"],
    ['check'], ['doctor']) {
	my $ran = within(LIMIT_KIB, @$case);
	is($ran->{exit}, 0, "@$case") || diag($ran->{out}, $ran->{err});
	like($ran->{out}, qr/\b@{[ROWS]}\b/, 'has counted the boxes')
	    if $case->[0] ne 'doctor';
}
my $rotated = within(LIMIT_KIB, qw(master-key rotate));
is($rotated->{exit}, 0, 'master-key rotate') || diag($rotated->{err});
like($rotated->{out}, qr/ @{[ROWS]} were sealed anew/, 'seals all boxes');

# As many complaints as rows.
$house->tamper("UPDATE integrations SET created_by = 'nobody'");
for my $json ([], ['--json']) {
	my $ran = within(LIMIT_KIB, 'check', @$json);
	is($ran->{exit}, 1, "check @$json of boxes that do not open")
	    || diag($ran->{err});
	is(count(qr/does not open/, $ran->{out}), ROWS, 'names them all');
	like($ran->{out}, @$json ? qr/"faults":@{[ROWS]}\}\n\z/ :
	    qr/ @{[ROWS]} faults\n\z/, 'and counts them');
}

# However many lines an import has, however long they are, and whatever is in
# them.
my %lines = (
	short => [20_000, '"auth_data":{"access_token":"t"}'],
	long => [300, '"auth_data":{"access_token":"' . 'x' x 20_000 . '"}'],
	full => [100, join ',', map { my $object = $_;
	    "\"$object\":{" . join(',', map { "\"m$_\":[" . join(',', (1) x 15)
	    . ']' } 1 .. 900) . '}' } qw(auth_data scope_data metadata)],
	wrong => [300, '"metadata":{"tags":[' . join(',', (1) x 5000) . ']}'],
);
for my $kind (sort keys %lines) {
	my ($count, $more) = @{ $lines{$kind} };
	my $ran = within(LIMIT_KIB, 'import', { stdin => join "\n", map {
	    qq({"name":"n","integration_type":"jira","created_by":"b",)
	    . qq("unique_identifier":"$kind-$_",$more}) } 1 .. $count });
	my $told = $kind eq 'wrong' ? 'refused' : 'imported';
	is(count(qr/^\d+\t$told\t/m, $ran->{out}), $count,
	    "import of $count lines that are $kind")
	    || diag(substr $ran->{err}, 0, 500);
}

finish();
