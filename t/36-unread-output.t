#!/usr/bin/perl
# A command whose output nobody reads stands still, and holds up nobody: saves
# are stored, keys revoked, and the write-ahead log starts over. Read at last,
# it has every row that was there throughout, once.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(start wait_until reap);

use constant {
	FIONREAD => 0x541b,
	ROWS => 1500,
	LOG_MAX => 8 << 20,	# twice what the writer lets it come to
};

# Rows that were there before: far more than a pipe holds, and than a page.
sub fill {
	my ($house, $box) = @_;
	$house->tamper('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT '
	    . 'i + 1 FROM n WHERE i < ' . ROWS . ') INSERT INTO integrations '
	    . '(integration_id, created_by, unique_identifier, name, '
	    . 'integration_type, status, active, has_auth_data, '
	    . 'has_scope_data, created_at, updated_at, metadata, auth_data) '
	    . "SELECT printf('00000000-0000-4000-8000-%012d', i), 'rows', "
	    . "'row-' || i, 'n', 'jira', 'active', 1, 0, 0, "
	    . "'2024-01-15T10:30:00.000000', '2024-01-15T10:30:00.000000', "
	    . "printf('{\"note\":\"%.*c\"}', 1000, 'x'), $box FROM n");
	$house->tamper('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT '
	    . 'i + 1 FROM n WHERE i < ' . ROWS . ') INSERT INTO api_keys '
	    . '(key_hash, public_id, user, created_at) SELECT '
	    . "CAST(printf('%032d', i) AS BLOB), printf('%08d', i), 'rows', "
	    . "'2024-01-15T10:30:00.000000' FROM n");
}

# Start a command whose output goes to a pipe, and wait for its first bytes.
sub unread {
	my ($house, @args) = @_;
	pipe my $from, my $to or die "pipe: $!";
	my $pid = start(cmd => [program('strongroom'), '--config',
	    $house->{conf}, @args], env => Strongroom::clean_env(),
	    stdout => $to, stderr => "$house->{dir}/log/unread");
	close $to;
	my $is_there = wait_until(60 * slow(), sub {
		my $count = pack 'i', 0;
		ioctl $from, FIONREAD, $count or die "FIONREAD: $!";
		return unpack('i', $count) > 0;
	});
	ok($is_there, "@args: has begun");
	return { pid => $pid, from => $from };
}

# Read it to its end: exit status and text.
sub read_at_last {
	my ($unread) = @_;
	my $from = $unread->{from};
	local $/;
	my $text = readline($from) // '';
	return (reap($unread->{pid}, 60 * slow()), $text);
}

my %old = map { ("row-$_" => 1) } 1 .. ROWS;
my $n = 0;

# What it told of the rows that were there before: each once.
sub once {
	my ($name, @told) = @_;
	my %count;
	$count{$_}++ for grep { $old{$_} } @told;
	is(scalar(keys %count), ROWS, "$name: every row is there");
	is(scalar(grep { $_ != 1 } values %count), 0, 'once');
}

sub lines_of { $_[0] =~ /^\{.*?"unique_identifier":"(row-\d+)".*\}$/mg }

my %commands = (
	'export --in-clear' => sub { once($_[0], lines_of($_[1])) },
	'export --in-clear --user rows' => sub { once($_[0], lines_of($_[1])) },
	'integration list' => sub { once($_[0], $_[1] =~ /\b(row-\d+)\b/g) },
	'integration list --json' => sub {
		once($_[0], map { $_->{unique_identifier} } @{ decode($_[1]) });
	},
	'key list --json' => sub {
		my %count;
		$count{ $_->{public_id} }++
		    for grep { $_->{user} eq 'rows' } @{ decode($_[1]) };
		is(scalar(grep { $count{$_} == 1 } keys %count), ROWS,
		    "$_[0]: every key is there, once");
	},
);

sub save {
	my ($house, $size) = @_;
	$n++;
	return saved_ok($house->fcgi(body => with_auth('{"access_token":"'
	    . 't' x $size . '"}', "\"unique_identifier\":\"new-$n\",")),
	    'a save meanwhile');
}

for my $mode (qw(truncate wal)) {
	my $house = house(name => $mode, conf => { journal_mode => $mode });
	fill($house, 'NULL');
	$house->key;
	$house->worker;
	for my $command (sort keys %commands) {
		my $unread = unread($house, split / /, $command);
		save($house, 20) for 1 .. 3;
		my $key = $house->admin_ok(qw(key create --user u)) =~ s/\n//r;
		my $body = '{"name":"n","integration_type":"jira"}';
		saved_ok($house->fcgi(body => $body, key => $key),
		    'a key that is made meanwhile opens');
		my $revoked = $house->admin('key', 'revoke',
		    $house->public_id($key));
		is($revoked->{exit}, 0, 'a key is revoked meanwhile')
		    || diag($revoked->{err});
		answer_is($house->fcgi(body => $body, key => $key), 401,
		    '{"detail":"Invalid API key"}', 'and refused');
		my ($status, $text) = read_at_last($unread);
		is($status, 0, "$mode, $command: ends well when it is read");
		$commands{$command}->($command, $text);
	}
	next if $mode ne 'wal';
	my $unread = unread($house, qw(export --in-clear));
	my $from = $n;
	save($house, 400_000) for 1 .. 50;
	cmp_ok(($n - $from) * 400_000, '>', 2 * LOG_MAX,
	    'more was saved than the log may have');
	cmp_ok(-s "$house->{database}-wal", '<', LOG_MAX,
	    'and it has started over meanwhile');
	my ($status, $text) = read_at_last($unread);
	is($status, 0, 'export: ends well after that');
	once('export', lines_of($text));
}

# Complaints are output too.
my $house = house(name => 'check', conf => { journal_mode => 'truncate' });
fill($house, "x'0180000001'");
$house->key;
$house->worker;
for my $json ([], ['--json']) {
	my $unread = unread($house, 'check', @$json);
	save($house, 20) for 1 .. 3;
	my ($status, $text) = read_at_last($unread);
	is($status >> 8, 1, "check @$json: finds faults");
	is(scalar(() = $text =~ /does not open/g), ROWS, 'and names each');
	is(decode($text)->{faults}, ROWS, 'and counts them') if @$json;
}

finish();
