#!/usr/bin/perl
# Many change one integration at once, in two processes, while others save and
# the master key is rotated: no change that was acknowledged is lost, and each
# has its row in the audit.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(parallel);

use constant { CLIENTS => 8, TIMES => 12 };

my $house = house(conf => { busy_timeout_ms => 60_000 });
$house->worker for 1, 2;
my @sockets = map { $_->{socket} } @{ $house->{workers} };
my $all = '/api/v2/integrations';
$house->key;

sub save {
	my ($identifier) = @_;
	return saved_ok($house->fcgi(body => '{"name":"n","integration_type":'
	    . "\"jira\",\"unique_identifier\":\"$identifier\",\"auth_data\":"
	    . '{"access_token":"t"},"metadata":{"n":0}}'), 'a save')
	    ->{integration_id};
}

sub rows { ($house->rows("SELECT count(*) AS n FROM $_[0]"))[0]{n} }

# By the socket of that client; the answer.
sub ask {
	my ($client, %o) = @_;
	return $house->fcgi(socket => $sockets[$client % 2], %o);
}

# Counted up by all, each from what it has read.
my $id = save('counter');
my $audit = rows('audit');
my @said = parallel(CLIENTS, sub {
	my ($client) = @_;
	my ($late, $odd) = (0, '');
	for my $time (1 .. TIMES) {
		my $status = 412;
		while ($status == 412) {
			my $read = ask($client, method => 'GET',
			    path => "$all/$id", type => undef, length => undef);
			my $n = decode($read->{body})->{data}{metadata}{n} + 1;
			$status = ask($client, method => 'PATCH',
			    path => "$all/$id", body => "{\"metadata\":{\"n\":$n}}",
			    headers => ['If-Match', $read->{headers}{etag}])
			    ->{status};
			$late += $status == 412;
		}
		$odd = $status if $status != 200;
	}
	return ($odd, $late);
});
is(join('', map { $_->[0] } @said), '', 'with If-Match: 200 or 412');
cmp_ok(eval { my $sum = 0; $sum += $_->[1] for @said; $sum }, '>', 0,
    'some were late');
my $row = ($house->rows("SELECT metadata, revision FROM integrations "
    . "WHERE integration_id = '$id'"))[0];
is(decode($row->{metadata})->{n}, CLIENTS * TIMES,
    CLIENTS . ' clients have counted up ' . TIMES . ' times: none is lost');
is($row->{revision}, 1 + CLIENTS * TIMES, 'each is a revision');
is(rows('audit'), $audit + CLIENTS * TIMES, 'and a row of the audit');

# Without conditions, each a member of its own: nobody has to come again.
$id = save('open');
$audit = rows('audit');
@said = parallel(CLIENTS, sub {
	my ($client) = @_;
	return join ' ', grep { $_ != 200 } map {
		ask($client, method => 'PATCH', path => "$all/$id",
		    body => "{\"metadata\":{\"m$client-$_\":$_}}")->{status};
	} 1 .. TIMES;
});
is(join('', map { @$_ } @said), '', 'what is in clear: each is a 200');
$row = ($house->rows("SELECT metadata, revision FROM integrations "
    . "WHERE integration_id = '$id'"))[0];
is(scalar(grep { /\Am\d/ } keys %{ decode($row->{metadata}) }),
    CLIENTS * TIMES, 'and none is lost');
is($row->{revision}, 1 + CLIENTS * TIMES, 'each is a revision');
is(rows('audit'), $audit + CLIENTS * TIMES, 'and a row of the audit');

# The same of what is sealed; meanwhile somebody saves scope_data, and the
# master key is replaced.
$id = save('sealed');
$audit = rows("audit WHERE integration_id = '$id'");
@said = parallel(CLIENTS + 2, sub {
	my ($client) = @_;
	my %count;
	if ($client == CLIENTS) {
		return $house->admin('master-key', 'rotate')->{exit};
	}
	for my $time (1 .. TIMES) {
		my $answer = $client == CLIENTS + 1
		    ? ask($client, body => '{"name":"n","integration_type":'
		    . '"jira","unique_identifier":"sealed","scope_data":'
		    . "{\"n\":$time}}")
		    : ask($client, method => 'PATCH', path => "$all/$id",
		    body => "{\"auth_data\":{\"m$client-$time\":$time}}");
		$count{ $answer->{status} }++;
		$count{text} .= " m$client-$time" if $answer->{status} == 200;
	}
	$count{odd} = join ' ', grep { /\A\d/ && !/\A(?:200|503)\z/ }
	    keys %count;
	return map { $_ // 0 } @count{qw(200 503 text odd)};
});
is($said[CLIENTS][0], '0', 'the master key is rotated meanwhile');
is($said[CLIENTS + 1][0], TIMES, 'and each save is a 200');
my @changes = @said[0 .. CLIENTS - 1];
is(join('', map { $_->[3] } @changes), '',
    'each change is a 200, or a 503 where others were quicker four times');
my %is = %{ decode($house->reveal($id)) };
my @acknowledged = map { split ' ', $_->[2] } @changes;
cmp_ok(scalar @acknowledged, '>=', CLIENTS * TIMES / 4, scalar(@acknowledged)
    . ' changes were acknowledged');
is(join(' ', grep { !defined $is{$_} } @acknowledged), '',
    'and each is there, beside the others');
is(scalar(keys %is) - 1, scalar @acknowledged, 'and nothing else is');
is(decode($house->admin_ok('integration', 'show', $id, '--json'))
    ->{scope_data}{n}, TIMES, 'so is what was saved');
is(rows("audit WHERE integration_id = '$id' AND action <> 'reveal'"),
    $audit + TIMES + @acknowledged, 'with a row of the audit for each');
my %keys = map { $_->{k} => 1 } $house->rows('SELECT DISTINCT '
    . 'hex(substr(auth_data, 2, 4)) AS k FROM integrations');
is(scalar keys %keys, 1, 'all boxes are under one master key');

# Deleted once, by whoever comes first; changed by nobody after.
$id = save('deleted');
@said = parallel(CLIENTS, sub {
	my ($client) = @_;
	my $answer = ask($client, method => $client % 2 ? 'PATCH' : 'DELETE',
	    path => "$all/$id", body => '{"status":"error"}');
	return ($answer->{status}, $client % 2);
});
is(scalar(grep { $_->[0] == 200 && !$_->[1] } @said), 1,
    'of those who delete one has deleted');
is(scalar(grep { $_->[0] != 200 && $_->[0] != 404 } @said), 0,
    'and everybody else finds nothing, or came before');
is(rows("integrations WHERE integration_id = '$id'"), 0, 'it is gone');
is(rows("audit WHERE integration_id = '$id' AND action = 'delete'"), 1,
    'which the audit has once');
is($house->admin('check')->{exit}, 0, 'every box opens');

finish();
