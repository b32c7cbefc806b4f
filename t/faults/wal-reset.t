#!/usr/bin/perl
# Commits and checkpoints of several processes, in the order that triggers the
# WAL-reset bug of SQLite before 3.51.3: a checkpoint that has read how long
# the log is, and then a commit that starts the log over. A hook holds the
# checkpoint in that window. With the lock nothing is lost; without it, which
# is the control, committed rows are.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Preload;
use Strongroom::Proc qw(start stop reap wait_until launch);

plan skip_all => 'sanitizers want to be preloaded first' if slow() > 1;

alarm(full() ? 3600 : 300);
my %hook = preload('wal_hook');
my $peer = tool('wal_peer', qw(own -lsqlite3 -lsodium -lconfuse -lm));
my $HOLD_MS = 400;
my ($count, %ended) = (0);

# A process that does as it is told, through a pipe.
sub peer {
	my ($house, $env) = @_;
	pipe my $in, my $to or die "pipe: $!";
	pipe my $from, my $out or die "pipe: $!";
	my $pid = start(cmd => [$peer, $house->{database}], stdin => $in,
	    stdout => $out, stderr => "$house->{dir}/log/peer",
	    env => Strongroom::clean_env(%$env), name => 'peer');
	$to->autoflush;
	return { pid => $pid, to => $to, from => $from };
}

sub order { print { $_[0]{to} } "$_[1]\n" }

sub answer {
	my ($peer) = @_;
	my $line = readline($peer->{from}) // die 'the peer has ended';
	chomp $line;
	return $line;
}

# The rows that were promised, by name, and the keys; what of it is lost.
sub losses {
	my ($house, $promised) = @_;
	my $check = $house->admin('check');
	my @lost;
	push @lost, 'check: ' . (split /\n/, "$check->{out}$check->{err}")[0]
	    if $check->{exit} ne '0';
	my %there = eval {
		(map({ $_->{name} => 1 } $house->rows(
		    'SELECT name FROM integrations NOT INDEXED')),
		map({ $_->{name} => 1 } $house->rows(
		    "SELECT user AS name FROM api_keys NOT INDEXED")));
	};
	push @lost, "unreadable: $@" =~ s/\s+\z//r if $@;
	push @lost, grep { !$there{$_} } @$promised;
	return @lost;
}

# What saves in the window: each takes a name and says whether it is stored.
my %save = (
	worker => sub {
		my ($house, $name) = @_;
		return $house->fcgi(json => { name => $name, metadata =>
		    { x => 'x' x 9000 }, integration_type => 'jira' })
		    ->{status} == 200;
	},
	CGI => sub {
		my ($house, $name, $env) = @_;
		return $house->cgi(env => $env, json => { name => $name,
		    integration_type => 'jira' })->{status} == 200;
	},
	'command line' => sub {
		my ($house, $name, $env) = @_;
		return $house->admin('key', 'create', '--user', $name,
		    { env => $env })->{exit} eq '0';
	},
);

sub arm { spew("$_[0]/$_[1]", '') }

# Wait until a checkpoint is held there; let it go again.
sub held { my ($dir, $at) = @_;
	wait_until(20, sub { -e "$dir/$at.held" || !-e "$dir/$at" }) }
sub let_go { unlink "$_[0]/$_[1].held" }

# One round. $by: what commits in the window; $who: whose checkpoint is held.
# What was promised and is not there.
sub play {
	my ($by, $who, $is_locked) = @_;
	my $house = house(conf => { busy_timeout_ms => 20_000 });
	# Where a worker may write when its sandbox is closed.
	my $hold = "$house->{dir}/data/hold";
	mkdir $hold or die $!;
	my %lock = $is_locked ? () : (SR_NO_LOCK => 1);
	my $env = { %hook, %lock };
	my $held = { %$env, SR_HOLD => $hold, SR_HOLD_MS => $HOLD_MS };
	$house->key;
	my $first = $house->worker(env => $env);
	my ($holder, $other) = (peer($house, $held), peer($house, $env));
	my @promised;
	my $say = sub {
		my ($to, $what) = @_;
		order($to, $what);
		is(answer($to), 'ok', "$what: ok") if $is_locked;
		answer($to) if !$is_locked;
	};
	my $by_peer = sub {
		my $name = 'row-' . ++$count;
		$say->($_[0], "save $name");
		push @promised, $name;
	};
	my $by_it = sub {
		my ($n) = @_;
		for (1 .. $n) {
			my $name = 'row-' . ++$count;
			push @promised, $name
			    if $save{$by}->($house, $name, $env);
		}
	};

	my $second;
	if ($who eq 'peer') {
		# Its last commit is not the newest: it finds the header changed.
		$by_peer->($holder);
		$by_it->(3);
		$by_peer->($other) for 1 .. 8;
		$say->($other, 'checkpoint');
		arm($hold, 'reset');
		order($holder, 'checkpoint');
	} else {
		# A worker brings its log in when it is over 2 MiB, after the
		# commit that made it so; it is held before that, too.
		$second = $house->worker(env => $held);
		arm($hold, 'lock');
		my $large = with_auth('{"access_token":"' . 'x' x 900_000 . '"}');
		for (1 .. 12) {
			last if -e "$hold/lock.held" || !-e "$hold/lock";
			my $name = 'row-' . ++$count;
			my $said = $house->fcgi(socket => $second->{socket},
			    body => $large =~ s/"n"/"$name"/r);
			push @promised, $name if $said->{status} == 200;
		}
		held($hold, 'lock') or diag('no checkpoint came to the lock');
		arm($hold, 'reset');
		$house->{worker} = $first;
		if (!$is_locked) {
			$by_peer->($other);
			$say->($other, 'checkpoint');
		}
		let_go($hold, 'lock');
	}
	# The window: a commit that comes now starts the log over. Under the
	# lock it waits until the checkpoint has ended.
	held($hold, 'reset') if $who eq 'peer' || !$is_locked;
	$by_it->(1);
	let_go($hold, 'reset');
	is(answer($holder), 'ok', 'the checkpoint ends') if $who eq 'peer';
	wait_until(20, sub { !-e "$hold/reset" && !-e "$hold/reset.held" })
	    if !$is_locked;
	unlink "$hold/reset";

	# The log grows beyond what that checkpoint took for done, is brought
	# in, and starts over.
	my $grow = $who eq 'peer' ? 14 : 0;
	$by_it->(2);
	$by_peer->($other) for 1 .. $grow;
	if ($who ne 'peer') {
		my $large = with_auth('{"access_token":"' . 'x' x 900_000 . '"}');
		for (1 .. 9) {
			my $name = 'row-' . ++$count;
			push @promised, $name if $house->fcgi(
			    body => $large =~ s/"n"/"$name"/r)->{status} == 200;
		}
	}
	for (1 .. 2) {
		order($other, 'checkpoint');
		answer($other);
		my $name = 'row-' . ++$count;
		order($other, "save $name");
		push @promised, $name if answer($other) eq 'ok';
	}
	for my $p ($holder, $other) {
		close $p->{to};
		reap($p->{pid}, 20);
	}
	for my $worker ($first, $second) {
		next if !$worker;
		my $end = $house->stop_worker($worker);
		is($end->{exit}, 0, 'a worker ends in order') if $is_locked;
	}
	return (scalar @promised, losses($house, \@promised));
}

my @plays = (map({ [$_, 'peer'] } sort keys %save), ['worker', 'worker']);
my ($rounds, $kept, $broken, @lost) = (0, 0, 0);
for (1 .. rounds(1, 20)) {
	for my $play (@plays) {
		my ($n, @gone) = play(@$play, 1);
		is("@gone", '', "$play->[0] commits while a checkpoint of a "
		    . "$play->[1] is held: nothing is lost");
		cmp_ok($n, '>', 10, 'of what was promised');
		$rounds++;
		$kept += $n;
		push @lost, @gone;
	}
}
figure("$kept commits around $rounds held checkpoints: " . @lost
    . ' lost (0)');

my ($gone, $of) = (0, 0);
for my $play (@plays) {
	my ($n, @gone) = play(@$play, 0);
	$of += $n;
	$gone += grep { /^row-/ } @gone;
	$broken++ if @gone;
	diag("without the lock, $play->[0], $play->[1]: @gone[0 .. ($#gone > 2
	    ? 2 : $#gone)]") if @gone;
}
# A worker decides itself when it brings its log in, and may miss the moment.
cmp_ok($broken, '>=', @plays - 1, 'without the lock they do harm');
control("without the lock $broken of " . @plays . " databases are harmed, "
    . "$gone of $of commits lost");
finish();
