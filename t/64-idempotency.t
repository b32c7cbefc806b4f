#!/usr/bin/perl
# Idempotency-Key on saves and changes, through nginx and by CGI: the answer of
# the first time, nothing done twice; for whom, for what and for how long.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(parallel);

my $house = house(conf => { idempotency_hours => 2 });
$house->worker;
$house->nginx;
my $all = '/api/v2/integrations';

sub key_of {
	my ($user, @more) = @_;
	return $house->admin_ok(qw(key create --user), $user, @more)
	    =~ s/\n//r;
}

my %key = (
	alice => key_of('alice'),
	other => key_of('alice'),
	saves => key_of('alice', '--scopes', 'save'),
	prints => key_of('alice', '--scopes', 'save,read,verify'),
	slack => key_of('alice', '--types', 'slack'),
	bob => key_of('bob'),
);
my ($way, $ask);
my %way = (nginx => sub { $house->http(@_) }, CGI => sub { $house->cgi(@_) });

sub ask {
	my ($idempotency, %o) = @_;
	my @lines = ref $idempotency ? @$idempotency : $idempotency // ();
	return $ask->(key => $key{alice}, %o, headers =>
	    [@{ $o{headers} // [] }, map { ('Idempotency-Key', $_) } @lines]);
}

sub save {
	my ($idempotency, $identifier, %o) = @_;
	return ask($idempotency, body => '{"name":"n","integration_type":'
	    . '"' . ($o{type_of} // 'jira') . '","auth_data":{"access_token":'
	    . "\"t\"},\"unique_identifier\":\"$identifier\"}", %o);
}

sub patch {
	my ($idempotency, $id, $body, %o) = @_;
	return ask($idempotency, method => 'PATCH', path => "$all/$id",
	    body => $body, %o);
}

sub id_of { decode($_[0]{body})->{data}{integration_id} }
sub get { ask(undef, method => 'GET', path => "$all/$_[0]", type => undef,
    body => '', length => undef, @_[1 .. $#_]) }

# All that an answer says but who it was and when.
sub said {
	my ($answer) = @_;
	my %h = %{ $answer->{headers} };
	delete @h{qw(x-request-id date idempotent-replayed status)};
	return join "\n", $answer->{status}, (map { "$_: $h{$_}" } sort keys %h),
	    $answer->{body};
}

# The answer of the first time, and that it is.
sub replays {
	my ($again, $first, $name) = @_;
	is(said($again), said($first), "$way: $name");
	is($again->{headers}{'idempotent-replayed'}, 'true', 'and says so');
}

sub rows_of {
	my ($table) = @_;
	return ($house->rows("SELECT count(*) AS n FROM $table"))[0]{n};
}

my $other_body = '{"detail":[{"loc":["header","idempotency-key"],"msg":'
    . '"already used with another body",'
    . '"type":"value_error.idempotency_key"}]}';
my $bad = '{"detail":[{"loc":["header","idempotency-key"],"msg":"value is not '
    . 'a valid idempotency key","type":"value_error.idempotency_key"}]}';
my $nothing = '{"detail":"Integration not found"}';

for my $each (sort keys %way) {
	($way, $ask) = ($each, $way{$each});

	# A save under a generated identifier, which would make two of it.
	my $before = rows_of('integrations');
	my $first = save("$way-1", '');
	saved_ok($first, "$way: a save with a key");
	is($first->{headers}{'idempotent-replayed'}, undef, 'is the first');
	like($first->{headers}{etag}, qr/\A"1-\w+"\z/, 'it has an ETag');
	my $audit = rows_of('audit');
	replays(save("$way-1", ''), $first, 'the same again');
	replays(save("\"$way-1\"", ''), $first, 'with quotes it is the same');
	replays(save("  $way-1\t", ''), $first, 'and with blanks');
	replays(save("$way-1", '', key => $key{other}), $first,
	    'by another key of the owner');
	is(rows_of('integrations'), $before + 1, 'makes one row');
	is(rows_of('audit'), $audit, 'and nothing for the audit');
	isnt(id_of(save("$way-2", '')), id_of($first), 'another key saves');
	isnt(id_of(save(undef, '')), id_of($first), 'and none does');
	isnt(id_of(save("$way-1", '', key => $key{bob})), id_of($first),
	    "another user's is another");
	isnt(id_of(save("$way-1", '', path => '/api/v1/integrations/save')),
	    id_of($first), 'and so is one for another path');
	answer_is(save("$way-1", 'x'), 422, $other_body, 'another body');
	answer_is(ask("$way-1", body => ' ' . '{"name":"n"}'), 422,
	    '{"detail":[{"loc":["body","integration_type"],"msg":"field '
	    . 'required","type":"value_error.missing"}]}',
	    'its faults come first');

	# What is no 200 is not kept.
	my $u = "u-$way";
	saved_ok(save(undef, $u), "$way: one that is there");
	is(save("$way-3", $u, type_of => 'slack')->{status}, 409,
	    'a conflict');
	is(save("$way-3", $u, type_of => 'slack')->{status}, 409,
	    'is one the second time');
	my $id = id_of(save(undef, $u));
	is(ask(undef, method => 'DELETE', path => "$all/$id", type => undef,
	    body => '', length => undef)->{status}, 200, 'until it is solved');
	$first = save("$way-3", $u, type_of => 'slack');
	is($first->{status}, 200, 'then the same request is a save');
	replays(save("$way-3", $u, type_of => 'slack'), $first, 'once');
	is(save("$way-4", $u, headers => ['If-Match', '"1-x"'])->{status},
	    412, 'a condition that does not hold');
	my $held = save("$way-5", "c-$way", headers => ['If-None-Match', '*']);
	is($held->{status}, 200, 'one that does');
	replays(save("$way-5", "c-$way", headers => ['If-None-Match', '*']),
	    $held, 'is not asked again');

	# A change.
	$id = id_of($held);
	my $body = '{"status":"error","auth_data":{"access_token":"t-2"}}';
	$first = patch("$way-1", $id, $body);
	is(said($first), said(get($id)) =~
	    s/(?=\ncache)/\naccept-patch: application\/merge-patch+json/r,
	    "$way: a change with the key of a save");
	is(decode($first->{body})->{data}{revision}, 2, 'changes');
	patch(undef, $id, '{"status":"active"}');
	$audit = rows_of('audit');
	replays(patch("$way-1", $id, $body), $first, 'the same again');
	replays(patch("$way-1", $id, $body, headers => ['If-Match', '"0-0"',
	    'Refresh-Lease', 'x']), $first, 'before any condition');
	replays(patch("$way-1", uc $id, $body), $first,
	    'whatever the case of the id');
	is(decode(get($id)->{body})->{data}{status}, 'active',
	    'has changed nothing');
	is(rows_of('audit'), $audit, 'and the audit says nothing');
	answer_is(patch("$way-1", $id, "$body "), 422, $other_body,
	    'another body, by a byte');
	is(patch("$way-1", $id, '{"status":null}')->{body} =~ /"body"/, 1,
	    'its faults come first');
	is(patch("$way-9", $id, '{"name":"x"}', headers => ['If-Match',
	    '"0-0"'])->{status}, 412, 'what was refused');
	is(decode(patch("$way-9", $id, '{"name":"x"}')->{body})->{data}{name},
	    'x', 'is not kept');
	my $same = patch("$way-10", $id, '{"name":"x"}');
	replays(patch("$way-10", $id, '{"name":"x"}'), $same,
	    'one that changes nothing is kept, too');

	# Another key of the owner is told what it may see, and no more.
	for my $who (qw(saves prints)) {
		my $theirs = patch("$way-1", $id, $body, key => $key{$who});
		my %is = %{ decode($theirs->{body})->{data} };
		is($theirs->{headers}{'idempotent-replayed'}, 'true',
		    "$way: $who has the answer again");
		is(exists $is{scope_data} ? 1 : 0, $who eq 'prints' ? 1 : 0,
		    'with what it may read');
		is(defined($is{auth}{fingerprint}) ? 1 : 0,
		    $who eq 'prints' ? 1 : 0, 'and may compare');
	}
	my $narrow = patch("$way-11", $id, '{"name":"y"}', key => $key{saves});
	like(patch("$way-11", $id, '{"name":"y"}', key => $key{prints})
	    ->{body}, qr/"fingerprint":"[0-9a-f]{16}"/,
	    'also where the first one might not');
	unlike($narrow->{body}, qr/fingerprint/, 'and did not');
	answer_is(patch("$way-1", $id, $body, key => $key{slack}), 404,
	    $nothing, 'to a key of other types it is not there');
	answer_is(save("$way-1", '', type_of => 'slack', key => $key{slack}),
	    403, '{"detail":"API key lacks the type: jira"}',
	    'nor is a save');

	# Deleted, and asked for again.
	is(ask("$way-1", method => 'DELETE', path => "$all/$id",
	    type => undef, body => '', length => undef)->{status}, 200,
	    'other routes pass the key over');
	replays(patch("$way-1", $id, $body), $first,
	    'the answer of a change outlives what was changed');
	answer_is(patch("$way-12", $id, $body), 404, $nothing,
	    'which is not there any more');

	# What a key is.
	for my $no ('', '""', 'a b', "a\x{e9}", 'x' x 256, '"' . 'x' x 256
	    . '"', "a\tb") {
		next if $way eq 'nginx' && $no eq "a\x{e9}";
		answer_is(save($no, ''), 422, $bad,
		    "$way: no key: " . substr $no, 0, 8);
	}
	# Apache makes one line of two.
	answer_is(save('a, b', ''), 422, $bad, 'nor are two in a line');
	for my $good ('x' x 255, '"' . 'x' x 254 . "\"$way", '"', "!~,;$way",
	    "\"it$way") {
		my $one = save($good, '');
		is(id_of(save($good, '')), id_of($one),
		    'a key: ' . substr $good, 0, 8);
	}
	is(rows_of("idempotency WHERE length(request) = 16 AND length(body) "
	    . '= 16 AND typeof(request) = \'blob\''), rows_of('idempotency'),
	    'the database has hashes of fixed length');
	my ($hours) = map { $_->{n} } $house->rows('SELECT round((julianday('
	    . "max(expires_at)) - julianday('now')) * 24, 1) AS n "
	    . 'FROM idempotency');
	is($hours, 2, 'which last for idempotency_hours');
}
my @lines = $house->fcgi(key => $key{alice}, body => '{"name":"n",'
    . '"integration_type":"jira"}', headers => ['Idempotency-Key', 'a',
    'Idempotency-Key', 'a']);
answer_is($lines[0], 422, $bad, 'two lines are none, though they are alike');
my $dump = join '', map { join '|', map { $_ // '' } values %$_ }
    $house->rows('SELECT hex(request), hex(body), answer FROM idempotency');
unlike($dump, qr/t-2|nginx-1/, 'neither key nor secret is kept');

# Some at a time, the oldest first.
sub sweep {
	$house->tamper('DELETE FROM idempotency; WITH RECURSIVE c(n) AS (SELECT 1 '
	    . 'UNION ALL SELECT n + 1 FROM c WHERE n < 200) INSERT INTO idempotency '
	    . "SELECT n, '2024-01-15T10:30:00.000000', CAST(n AS BLOB), "
	    . "x'00', 'alice', 'jira', '\"1-1\"', 'x' FROM c");
	my @left = map { saved_ok(save(undef, ''), 'a save'); rows_of('idempotency') }
	    1 .. 4;
	is("@left", '136 72 8 0', '64 at most go with each commit');
	$house->tamper("INSERT INTO idempotency VALUES (1, '2999-01-15T10:30:00."
	    . "000000', x'01', x'00', 'alice', 'jira', '\"1-1\"', 'x'), "
	    . "(2, '2024-01-15T10:30:00.000000', x'02', x'00', 'alice', 'jira', "
	    . "'\"1-1\"', 'x')");
	save(undef, '');
	is(rows_of('idempotency'), 2, 'behind one that lasts they wait');
}

# What is out of date, and how it goes.
($way, $ask) = ('nginx', $way{nginx});
my $first = save('old', '');
$house->tamper("UPDATE idempotency SET expires_at = "
    . "strftime('%Y-%m-%dT%H:%M:%f000', 'now')");
my $kept = rows_of('idempotency');
isnt(id_of(save('old', '')), id_of($first), 'out of date: it saves again');
cmp_ok(rows_of('idempotency'), '<', $kept, 'and some are removed');
sweep() if !$house->{server};

# The same key at the same time, in two processes and many connections.
$house->worker;
my @sockets = map { $_->{socket} } @{ $house->{workers} };
my $target = id_of(save(undef, ''));
for my $round (1 .. 5) {
	my $audit = rows_of('audit');
	my $body = '{"name":"n","integration_type":"github"}';
	my @said = parallel(12, sub {
		my ($i) = @_;
		my %o = (socket => $sockets[$i % 2], key => $key{alice},
		    headers => ['Idempotency-Key', "at-once-$round"]);
		my $answer = $i < 6 ? $house->fcgi(%o, body => $body)
		    : $house->fcgi(%o, method => 'PATCH',
		    path => "$all/$target", body => "{\"name\":\"n$round\"}");
		return ($answer->{status}, $answer->{body}
		    . ($answer->{headers}{etag} // ''),
		    $answer->{headers}{'idempotent-replayed'} // '');
	});
	for my $case (['saves', 0 .. 5], ['changes', 6 .. 11]) {
		my ($what, @of) = @$case;
		my %bodies = map { $_->[1] => 1 } @said[@of];
		is(join(' ', map { $_->[0] } @said[@of]),
		    join(' ', (200) x 6), "six $what at once are 200");
		is(scalar keys %bodies, 1, 'with one answer');
		is(join(' ', sort map { $_->[2] } @said[@of]),
		    ' ' . join(' ', ('true') x 5), 'one of them the first');
	}
	is(rows_of('audit'), $audit + 2, 'and the audit has one row for each');
}
is($house->admin('check')->{exit}, 0, 'all is well');

finish();
