#!/usr/bin/perl
# 64 saves at once: each that was answered 200 is on disk, even when the
# worker is killed the next instant, and its box opens.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(parallel stop);

my $busy = '{"success":false,"data":null,"error":"Failed to save integration: Database is busy"}';

# Save in N processes at the same moment; what each heard.
sub storm {
	my ($house, $n, $request) = @_;
	$house->key;
	return map {
		{ status => $_->[0], id => $_->[1], body => $_->[2],
		    retry => $_->[3] };
	} parallel($n, sub {
		my ($i) = @_;
		my $answer = $request->($i);
		my $id = $answer->{status} == 200
		    ? decode($answer->{body})->{data}{integration_id} : '';
		return ($answer->{status}, $id, $answer->{body},
		    $answer->{headers}{'retry-after'} // '');
	});
}

sub body { "{\"name\":\"n$_[0]\",\"integration_type\":\"jira\",\"auth_data\":"
    . "{\"access_token\":\"token-$_[0]\"},\"unique_identifier\":\"u$_[0]\"}" }

# Every answer is a 200 or says that it was too much at once.
sub settled {
	my (@said) = @_;
	my @odd = grep { $_->{status} != 200 && !($_->{status} == 503
	    && $_->{body} eq $busy && $_->{retry} =~ /\A\d+\z/) } @said;
	is(scalar @odd, 0, 'each answer is 200, or 503 with Retry-After')
	    || diag("$odd[0]{status}: $odd[0]{body}");
	my $saved = grep { $_->{status} == 200 } @said;
	cmp_ok($saved, '>=', @said / 2, 'most of them are 200');
	diag("$saved of " . @said . ' were 200') if $saved < @said;
}

for my $door (qw(fcgi http)) {
	my $house = house();
	my $worker = $house->worker(via => 'spawn-fcgi');
	$house->nginx;
	my @said = storm($house, 64, sub { $house->$door(body => body($_[0])) });
	my $end = stop($worker->{pid}, signal => 'KILL');
	$worker->{stopped} = 1;
	is($end->{exit}, 'signal 9', "the worker is killed ($door)");
	settled(@said);
	my %row = map { $_->{unique_identifier} => $_ }
	    @{ $house->integrations };
	my @lost = grep { $said[$_]{status} == 200
	    && ($row{"u$_"}{integration_id} // '') ne $said[$_]{id} } 0 .. 63;
	is("@lost", '', 'each 200 is in the database');
	my @kept = grep { $said[$_]{status} == 503 && $row{"u$_"} } 0 .. 63;
	is("@kept", '', 'no 503 is');
	my @closed = grep { $said[$_]{status} == 200
	    && $house->reveal($said[$_]{id})
	    ne "{\"access_token\":\"token-$_\"}" } 0 .. 63;
	is("@closed", '', 'each box opens, with its own token in it');
	my %ids = map { $_->{id} => 1 } grep { $_->{status} == 200 } @said;
	is(scalar keys %ids, scalar(grep { $_->{status} == 200 } @said),
	    'no two have the same integration_id');

	# The worker that follows finds the database as it was left.
	$house->worker(via => 'spawn-fcgi');
	my @again = map { $house->fcgi(body => body($_)) } 0 .. 63;
	is(scalar(grep { $_->{status} == 200 } @again), 64,
	    'all 64 are saved again by the next worker');
	is(scalar @{ $house->integrations }, 64, 'and are 64 rows');
	my @other = grep { $said[$_]{status} == 200
	    && decode($again[$_]{body})->{data}{integration_id}
	    ne $said[$_]{id} } 0 .. 63;
	is("@other", '', 'each under its first integration_id');
}

# Conflicts, faults and strangers in the same batch harm nobody else.
my $house = house();
$house->worker;
$house->key;
saved_ok($house->fcgi(body => body('taken')), 'one that is there');
my $conflict = body('taken') =~ s/jira/slack/r;
my @said = storm($house, 64, sub {
	my ($i) = @_;
	return $house->fcgi(body => $conflict) if $i % 4 == 1;
	return $house->fcgi(body => '{') if $i % 4 == 2;
	return $house->fcgi(body => body($i), key => 'x') if $i % 4 == 3;
	return $house->fcgi(body => body($i));
});
my %want = (0 => 200, 1 => 409, 2 => 422, 3 => 401);
my @odd = grep { $said[$_]{status} != $want{ $_ % 4 }
    && $said[$_]{status} != 503 } 0 .. 63;
is(join(' ', map { "$_:$said[$_]{status}" } @odd), '',
    'each gets the answer that it would get alone');
is(scalar @{ $house->integrations }, 1 + (grep { $_->{status} == 200 } @said),
    'and each 200 is a row');

# Two requests under way at most: the others wait their turn, and none is
# refused. Who holds the lock for longer than a save may wait makes it 503.
my $narrow = house(conf => { max_requests => 2, busy_timeout_ms =>
    300 * slow() });
$narrow->worker;
@said = storm($narrow, 64, sub { $narrow->fcgi(body => body($_[0])) });
is(scalar(grep { $_->{status} != 200 } @said), 0,
    'two requests at a time: each of 64 saves gets its turn');
is(scalar @{ $narrow->integrations }, 64, 'and is a row');
$narrow->hold_lock;
@said = storm($narrow, 8, sub { $narrow->fcgi(body => body($_[0])) });
@odd = grep { !($_->{status} == 503
    && $_->{body} eq $busy && $_->{retry} =~ /\A\d+\z/) } @said;
is(scalar @odd, 0, 'the lock is held: 503, with Retry-After')
    || diag("$odd[0]{status}: $odd[0]{body}");
$narrow->give_lock;
is(scalar @{ $narrow->integrations }, 64, 'and nothing was stored');
saved_ok($narrow->fcgi(body => body('after')), 'it goes on serving');

is($_->admin('check')->{exit}, 0, 'check: all is well') for $house, $narrow;

finish();
