#!/usr/bin/perl
# A key that is revoked, by another process, is refused by the next request,
# whatever is saved and committed around it.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(launch wait_until now);

my $house = house();
my $worker = $house->worker;
$house->key;

sub body { "{\"name\":\"n\",\"integration_type\":\"jira\","
    . "\"unique_identifier\":\"$_[0]\"}" }

# Clients that save all the time, until they are told to stop.
my $stop = "$house->{dir}/stop";
my $load = launch(4, sub {
	my ($i) = @_;
	my ($saved, @other) = (0);
	my $end = now() + 300;
	for (my $n = 0; !-e $stop && now() < $end; $n++) {
		my $answer = $house->fcgi(body => body("c$i-$n"));
		$answer->{status} == 200 ? $saved++
		    : push @other, "$answer->{status} $answer->{body}";
	}
	return ($saved, @other);
});
ok(wait_until(60 * slow(), sub {
	20 < grep { /status=200/ } $house->log_lines($worker);
}), 'there is a load');

my (@early, @late);
for my $round (1 .. 20) {
	my $key = $house->admin_ok(qw(key create --user), "u$round") =~ s/\s+\z//r;
	my ($id) = $key =~ /\Asrk_([^_]+)_/ or die "no key: $key";
	# Several, so that more than one thread remembers it.
	for my $n (1 .. 4) {
		my $answer = $house->fcgi(key => $key, body => body("r$n"));
		push @early, "$round: $answer->{status}"
		    if $answer->{status} != 200;
	}
	$house->admin_ok(qw(key revoke), $id);
	for my $n (1 .. 4) {
		my $answer = $house->fcgi(key => $key, body => body("r$n"));
		push @late, "$round: $answer->{status}"
		    if $answer->{status} != 401;
	}
}
spew($stop, '');
my @said = $load->();
is(join(' ', @early), '', 'each key opens as soon as it is there');
is(join(' ', @late), '', 'and does not from the moment it is revoked');
is(join("\n", map { my (undef, @other) = @$_; @other } @said), '',
    'the others are served all along');
cmp_ok($_->[0], '>', 0, 'each of them') for @said;

finish();
