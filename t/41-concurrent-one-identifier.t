#!/usr/bin/perl
# 64 saves of one unique_identifier through two workers and CGI at once: one
# row, its box opens, and it is whole the work of one request.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(parallel);

my $house = house(conf => { busy_timeout_ms => 60_000 });
my @socket = map { $house->worker(via => $_)->{socket} } 'spawn-fcgi', 'socket';
$house->key;

sub body { "{\"name\":\"n$_[0]\",\"integration_type\":\"jira\",\"auth_data\":"
    . "{\"access_token\":\"token-$_[0]\"},\"unique_identifier\":\"one\","
    . "\"scope_data\":{\"org_slug\":\"o$_[0]\"},"
    . "\"metadata\":{\"version\":\"v$_[0]\"}}" }

sub one_row {
	my ($round) = @_;
	my @said = parallel(64, sub {
		my ($i) = @_;
		my $answer = $i % 4 == 3 ? $house->cgi(body => body($i))
		    : $house->fcgi(body => body($i), socket => $socket[$i % 2]);
		return ($answer->{status}, $answer->{body},
		    $answer->{headers}{'retry-after'} // '',
		    $answer->{err} // '');
	});
	my @odd = grep { $_->[0] != 200 && !($_->[0] == 503 && $_->[2] ne '') }
	    @said;
	is(scalar @odd, 0, "$round: each answer is 200, or 503 with Retry-After")
	    || diag(join "\n", @{ $odd[0] });
	my @saved = grep { $said[$_][0] == 200 } 0 .. 63;
	cmp_ok(scalar @saved, '>=', 32, "$round: most of them are 200");
	for my $way ([worker => grep { $_ % 4 != 3 } @saved],
	    [CGI => grep { $_ % 4 == 3 } @saved]) {
		my ($name, @some) = @$way;
		cmp_ok(scalar @some, '>', 0, "$round: some of them by $name");
	}
	my %data = map { $_ => decode($said[$_][1])->{data} } @saved;
	my %ids = map { $_->{integration_id} => 1 } values %data;
	is(scalar keys %ids, 1, "$round: all carry one integration_id");
	my %times = map { $_->{created_at} => 1 } values %data;
	is(scalar keys %times, 1, "$round: and one created_at");
	my @wrong = grep { $data{$_}{name} ne "n$_"
	    || $data{$_}{metadata}{version} ne "v$_" } @saved;
	is("@wrong", '', "$round: each answer is of its own request");

	my @rows = @{ $house->integrations };
	is(scalar @rows, 1, "$round: there is one row");
	my ($id) = keys %ids;
	is($rows[0]{integration_id}, $id, "$round: it is that one");
	my ($winner) = $rows[0]{name} =~ /\An(\d+)\z/;
	ok(defined $winner && $said[$winner][0] == 200,
	    "$round: it has the name of a request that was saved");
	is($house->reveal($id), "{\"access_token\":\"token-$winner\"}",
	    "$round: its box opens and is of the same request");
	my $row = $house->show($id);
	is($row->{scope_data}{org_slug}, "o$winner", "$round: so is scope_data");
	is($row->{metadata}{version}, "v$winner", "$round: so is metadata");
	is($house->admin('check')->{exit}, 0, "$round: check: all is well");
	return $id;
}

my $first = one_row('64 first saves');
is(one_row('64 updates'), $first, 'still the same integration');

# The command line works beside them.
my @said = parallel(24, sub {
	my ($i) = @_;
	if ($i % 3 == 0) {
		my $ran = $house->admin('key', 'create', '--user', "u$i");
		return ($ran->{exit} eq '0' ? 200 : $ran->{err});
	}
	return $house->fcgi(body => body($i), socket => $socket[$i % 2])->{status};
});
is(join(' ', grep { $_ !~ /\A(?:200|503)\z/ } map { $_->[0] } @said), '',
    'keys are created while integrations are saved');
is(scalar(grep { $_->{user} =~ /\Au\d/ }
    @{ decode($house->admin_ok(qw(key list --json))) }),
    scalar(grep { $_ % 3 == 0 && $said[$_][0] eq '200' } 0 .. 23),
    'and each that was printed is there');

finish();
