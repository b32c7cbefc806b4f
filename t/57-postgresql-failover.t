#!/usr/bin/perl
# A primary with a synchronous standby: killed under load, the standby promoted,
# be it that the two had lost each other before. What was acknowledged is there,
# once and with its id; a standby that is not waited for is the control. The
# former primary comes back, first in the URL, and is refused. SR_FULL=1: more
# rounds.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Postgres qw(pg_clone pg_cluster pg_missing pg_promote pg_psql
    pg_start pg_stop pg_url);
use Strongroom::Proc qw(launch wait_until);

my $missing = pg_missing();
plan skip_all => $missing if defined $missing;
plan skip_all => 'sanitizers see the driver in other tests' if slow() > 1;
plan skip_all => 'this build has no PostgreSQL'
    if slurp(program('strongroom')) !~ /libpq\.so/;

my ($sync, $alone) = map { "synchronous_standby_names=$_" } '*', '';

# Eight clients save until there is enough; what was acknowledged, with its id.
sub save_until {
	my ($house, $i, $enough) = @_;
	my ($n, @saved) = 0;
	until (-e $enough) {
		my $name = "row-$i-" . $n++;
		my $said = $house->fcgi(body => "{\"name\":\"$name\","
		    . '"integration_type":"jira","unique_identifier":'
		    . "\"$name\"}");
		push @saved, $name, decode($said->{body})
		    ->{data}{integration_id} if $said->{status} == 200;
	}
	return @saved;
}

# The standby gets nothing any more, and somebody has saved since, or waits.
sub part {
	my ($old, $new, $is_waited_for, $count) = @_;
	pg_psql($new->{dir}, 'postgres', $_) for
	    "ALTER SYSTEM SET primary_conninfo = ''",
	    'SELECT pg_reload_conf()';
	wait_until(60, sub { pg_psql($new->{dir}, 'postgres',
	    'SELECT count(*) FROM pg_stat_wal_receiver') == 0 })
	    or die 'the standby goes on';
	my $had = $count->($old);
	return wait_until(60, sub { $is_waited_for ? pg_psql($old->{dir},
	    'postgres', 'SELECT count(*) FROM pg_stat_activity WHERE '
	    . "wait_event = 'SyncRep'") > 0 : $count->($old) > $had + 50 });
}

sub round {
	my ($round, $signal, %o) = @_;
	my $old = pg_start(pg_cluster(), $alone);
	pg_psql($old->{dir}, 'postgres', 'CREATE DATABASE strongroom');
	my $new = pg_start(pg_clone($old), $alone);
	pg_stop($old);
	my $is_waited_for = !$o{control};
	pg_start($old, $is_waited_for ? $sync : $alone);
	wait_until(60, sub { pg_psql($old->{dir}, 'postgres',
	    "SELECT count(*) FROM pg_stat_replication WHERE state = "
	    . "'streaming'") == 1 }) or die 'the standby does not follow';
	my $house = house(conf => { busy_timeout_ms => 5000 * slow(), database =>
	    pg_url("$old->{dir},$new->{dir}", 'strongroom') });
	my $worker = $house->worker;
	$house->key;
	my $enough = "$house->{dir}/enough";
	my $load = launch(8, sub { save_until($house, $_[0], $enough) });
	my $count = sub {
		return pg_psql($_[0]{dir}, 'strongroom',
		    'SELECT count(*) FROM integrations');
	};
	ok(wait_until(60, sub { $count->($old) > 100 }),
	    "$round: saves go to the primary");
	ok(part($old, $new, $is_waited_for, $count), 'the two are parted')
	    if $o{parted};
	pg_stop($old, $signal);
	my $had = $count->($new);
	pg_promote($new);
	ok(wait_until(60, sub { $count->($new) > $had + 100 }),
	    'and to the other when that is promoted');
	spew($enough, '');
	my %saved = map { @$_ } $load->();
	my %stored = map { ($_->{unique_identifier} => $_->{integration_id}) }
	    @{ $house->integrations };
	cmp_ok(scalar keys %saved, '>', 200, 'many saves were acknowledged');
	my $lost_of = scalar keys %saved;
	my $lost = grep { ($stored{$_} // '') ne $saved{$_} } keys %saved;
	note("figure: $round: $lost of $lost_of acknowledged saves lost");
	if ($o{control}) {
		cmp_ok($lost, '>', 0, 'control: some of them are lost');
		$house->stop_worker;
		pg_stop($new);
		return;
	}
	is($lost, 0, 'each is there, with its id');
	is($house->admin($_)->{exit}, 0, $_) for 'check';
	is($house->admin(qw(audit verify))->{exit}, 0, 'audit verify');

	# The former primary is back, and can be written to.
	pg_start($old, $alone);
	pg_stop($new);
	is($house->fcgi(body => with_auth('{}'))->{status}, 500,
	    'the former primary, which is first in the URL, gets no save');
	ok($house->log_says(qr/was replaced by another one, and has come back/),
	    'and the log says why');
	pg_start($new, $alone);
	pg_stop($old);
	ok(wait_until(60, sub { $house->fcgi(body => with_auth('{}'))
	    ->{status} == 200 }), 'saves go on where they were');
	$house->stop_worker;
	pg_stop($new);
	return;
}

round('killed', 'QUIT');
round('parted and killed', 'QUIT', parted => 1);
round('control', 'QUIT', parted => 1, control => 1);
for my $round ($ENV{SR_FULL} ? 1 .. 25 : ()) {
	round("stopped $round", 'INT');
	round("killed $round", 'QUIT', parted => $round % 2);
}

finish();
