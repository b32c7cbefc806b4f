#!/usr/bin/perl
# A primary with a synchronous standby, under load: the primary is killed, be it
# that the two had lost each other before, stopped, cut off by a network that
# swallows what it is given, or goes on beside the one that was promoted; or the
# standby is lost. What was acknowledged is there, once and with its id, and what
# was not is there once at most; a standby that is not waited for is the control.
# The former primary comes back, first in the URL, and is refused. SR_FULL=1: 50
# rounds.

use strict;
use warnings;
use IO::Select ();
use IO::Socket::UNIX ();
use Socket qw(SOCK_STREAM);
use Test::More;
use Strongroom;
use Strongroom::Failover qw(faults gap save_until);
use Strongroom::Postgres qw(pg_clone pg_cluster pg_missing pg_promote pg_psql
    pg_start pg_stop pg_url);
use Strongroom::Proc qw(adopt launch reap wait_until);

my $missing = pg_missing();
plan skip_all => $missing if defined $missing;
plan skip_all => 'sanitizers see the driver in other tests' if slow() > 1;
plan skip_all => 'this build has no PostgreSQL'
    if slurp(program('strongroom')) !~ /libpq\.so/;

my @KINDS = ('killed', 'parted', 'stopped', 'cut off', 'overlapping',
    'standby lost');

sub sql {
	my ($server, $text) = @_;
	return pg_psql($server->{dir}, 'strongroom', $text);
}

sub rows { return sql($_[0], 'SELECT count(*) FROM integrations') + 0 }

# Whether somebody's commit waits for the standby.
sub waits {
	my ($server) = @_;
	return wait_until(60, sub { sql($server, 'SELECT count(*) FROM '
	    . "pg_stat_activity WHERE wait_event = 'SyncRep'") > 0 });
}

sub set {
	my ($server, $setting) = @_;
	sql($server, $_) for "ALTER SYSTEM SET $setting",
	    'SELECT pg_reload_conf()';
	return;
}

# -- what happens to the two: whoever has the rows then

# The standby gets nothing any more.
sub part {
	my ($old, $new) = @_;
	set($new, "primary_conninfo = ''");
	wait_until(60, sub { sql($new,
	    'SELECT count(*) FROM pg_stat_wal_receiver') == 0 })
	    or die 'the standby goes on';
	return;
}

sub replace {
	my ($old, $new, $signal) = @_;
	pg_stop($old, $signal);
	pg_promote($new);
	return $new;
}

my %happens = (
	killed => sub { replace(@_[0, 1], 'QUIT') },
	stopped => sub { replace(@_[0, 1], 'INT') },
	parted => sub {
		my ($old, $new) = @_;
		part($old, $new);
		ok(waits($old), 'a commit waits');
		return replace($old, $new, 'QUIT');
	},
	# Its clients' answers and questions are swallowed; it runs on.
	'cut off' => sub {
		my ($old, $new, $proxy) = @_;
		kill 'STOP', $proxy;
		pg_promote($new);
		return $new;
	},
	overlapping => sub {
		my ($old, $new) = @_;
		pg_promote($new);
		ok(waits($old), 'a commit waits on the former one');
		pg_stop($old, 'INT');
		return $new;
	},
	'standby lost' => sub {
		my ($old, $new) = @_;
		pg_stop($new, 'QUIT');
		ok(waits($old), 'a commit waits for the standby');
		set($old, "synchronous_standby_names = ''");
		return $old;
	},
	control => sub {
		my ($old, $new) = @_;
		part($old, $new);
		my $had = rows($old);
		wait_until(60, sub { rows($old) > $had + 50 });
		return replace($old, $new, 'QUIT');
	},
);

# Hand on all that is said between a socket and the server behind it: the
# process, and where its socket is.
sub proxy {
	my ($server, $dir) = @_;
	mkdir $dir or die "$dir: $!";
	my $door = IO::Socket::UNIX->new(Type => SOCK_STREAM, Listen => 64,
	    Local => "$dir/.s.PGSQL.5432") or die "$dir: $!";
	my $pid = fork // die "fork: $!";
	return adopt($pid, 'proxy') if $pid != 0;
	my $select = IO::Select->new($door);
	my %peer;
	for (;;) {
		for my $ready ($select->can_read) {
			if ($ready == $door) {
				my $here = $door->accept or next;
				my $there = IO::Socket::UNIX->new(
				    Type => SOCK_STREAM, Peer =>
				    "$server->{dir}/.s.PGSQL.5432") or next;
				@peer{$here, $there} = ($there, $here);
				$select->add($here, $there);
				next;
			}
			my $other = $peer{$ready} or next;
			if (sysread $ready, my $bytes, 65536) {
				syswrite $other, $bytes;
				next;
			}
			$select->remove($ready, $other);
			delete @peer{$ready, $other};
			close $_ for $ready, $other;
		}
	}
}

# -- a round

# A primary, and a standby that follows it.
sub pair {
	my ($is_waited_for) = @_;
	my $old = pg_start(pg_cluster());
	pg_psql($old->{dir}, 'postgres', 'CREATE DATABASE strongroom');
	my $new = pg_start(pg_clone($old));
	set($old, "synchronous_standby_names = '*'") if $is_waited_for;
	wait_until(60, sub { sql($old, 'SELECT count(*) FROM '
	    . "pg_stat_replication WHERE state = 'streaming'") == 1 })
	    or die 'the standby does not follow';
	return ($old, $new);
}

sub round {
	my ($kind) = @_;
	my $is_control = $kind eq 'control';
	my ($old, $new) = pair(!$is_control);
	my $house = house(init => 0);
	my ($proxy, $door) = (undef, $old->{dir});
	($proxy, $door) = (proxy($old, "$house->{dir}/p"), "$house->{dir}/p")
	    if $kind eq 'cut off';
	$house->write_conf(busy_timeout_ms => 5000, database =>
	    pg_url("$door,$new->{dir}", 'strongroom')
	    . '&connect_timeout=2');
	$house->admin_ok('init');
	my $worker = $house->worker;
	$house->key;
	my $enough = "$house->{dir}/enough";
	my $load = launch(8, sub { save_until($house, $_[0], $enough) });
	ok(wait_until(60, sub { rows($old) > 100 }),
	    "$kind: saves go to the primary");
	my $now = $happens{$kind}->($old, $new, $proxy);
	my $had = rows($now);
	ok(wait_until(60, sub { rows($now) > $had + 100 }),
	    'and go on where the rows are then');
	spew($enough, '');
	my %saved = map { @$_ } $load->();
	if ($proxy) {
		kill 'KILL', $proxy;
		reap($proxy, 60);
		pg_stop($old);
	}
	my ($lost, $twice) = faults($house, \%saved);
	note(sprintf 'figure: %s: %d of %d acknowledged saves lost, %d twice, '
	    . 'gap %.1f s', $kind, $lost, scalar keys %saved, $twice,
	    gap(values %saved));
	cmp_ok(scalar keys %saved, '>', 200, 'many saves were acknowledged');
	is($twice, 0, 'none is there twice');
	if ($is_control) {
		cmp_ok($lost, '>', 0, 'control: some of them are lost');
	} else {
		is($lost, 0, 'each is there, with its id');
		is($house->admin($_)->{exit}, 0, $_) for 'check';
		is($house->admin(qw(audit verify))->{exit}, 0, 'audit verify');
	}
	comes_back($house, $old, $new) if $kind eq 'killed';
	$house->stop_worker;
	pg_stop($_) for $old, $new;
	return;
}

# The former primary is back, and can be written to.
sub comes_back {
	my ($house, $old, $new) = @_;
	pg_start($old, 'synchronous_standby_names=');
	pg_stop($new);
	is($house->fcgi(body => with_auth('{}'))->{status}, 500,
	    'the former primary, which is first in the URL, gets no save');
	ok($house->log_says(qr/was replaced by another one, and has come back/),
	    'and the log says why');
	pg_start($new);
	pg_stop($old);
	ok(wait_until(60, sub { $house->fcgi(body => with_auth('{}'))
	    ->{status} == 200 }), 'saves go on where they were');
	return;
}

my @rounds = $ENV{SR_FULL} ? map { @KINDS } 1 .. 9 : @KINDS;
round($_) for @rounds, 'control';

finish();
