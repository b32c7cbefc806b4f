#!/usr/bin/perl
# A worker is killed at its first write, sync or truncation of a file of the
# database, at its second, and so on, while an integration is changed, leased
# and deleted: before the call, and amid it. Each change has its row in the
# audit and each row its change; what was acknowledged is there; and whoever
# asks again with the same Idempotency-Key has it done once.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect);
use Strongroom::Figure;
use Strongroom::Inject;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run stop running wait_until);

my $all = '/api/v2/integrations';
my ($house, @ids);

# The database as it was when this was last called with "keep".
sub template {
	my ($what) = @_;
	my ($from, $to) = map { "$house->{dir}/$_" } qw(data template);
	($from, $to) = ($to, $from) if $what eq 'restore';
	run(cmd => ['rm', '-rf', $to]);
	run(cmd => ['cp', '-a', $from, $to])->{exit} eq '0' or die 'cp';
}

sub prepare {
	my ($journal) = @_;
	$house = house(conf => { log_level => 'error',
		journal_mode => $journal });
	$house->key;
	@ids = map {
		saved_ok($house->cgi(body => with_auth('{"access_token":"t-0",'
		    . '"more":"' . 'x' x 6000 . '"}', "\"unique_identifier\":"
		    . "\"u-$_\",")), 'a save')->{integration_id};
	} 1, 2;
	template('keep');
}

# What is asked for, one after the other: [name, request].
sub requests {
	my @with = map { ['Idempotency-Key', "k-$_"] } 0 .. 9;
	my $n = 0;
	my $patch = sub {
		my ($id, $body) = @_;
		return (method => 'PATCH', path => "$all/$id", body => $body,
		    headers => $with[$n++]);
	};
	return (
	    ['a secret', $patch->($ids[0], '{"auth_data":{"access_token":"t-1"}}')],
	    ['a name', $patch->($ids[0], '{"name":"m","metadata":{"x":"'
		. 'y' x 9000 . '"}}')],
	    ['nothing', $patch->($ids[0], '{"name":"m"}')],
	    ['a save', body => with_auth('{"access_token":"t"}'),
		headers => $with[$n++]],
	    ['a lease', method => 'POST', path => "$all/$ids[0]/refresh-lease",
		body => ''],
	    ['a secret more', $patch->($ids[0],
		'{"auth_data":{"access_token":"t-2"}}')],
	    ['a deletion', method => 'DELETE', path => "$all/$ids[1]",
		body => ''],
	);
}

# Let a worker do all of it, if it is let; what each was answered, and how the
# worker has ended.
sub run_worker {
	my ($env) = @_;
	my $socket = "$house->{dir}/run.sock";
	unlink $socket;
	my $worker = $house->worker(env => $env, ready => 0,
	    socket => $socket);
	$worker->{stopped} = 1;
	wait_until(60, sub { !running($worker->{pid})
	    || fcgi_connect($socket) }) or die 'a worker does not start';
	my @answers;
	for my $request (requests()) {
		my ($name, %o) = @$request;
		my $answer = $house->fcgi(%o, socket => $socket);
		push @answers, $answer;
		last if $answer->{status} == 599;
	}
	return (\@answers, stop($worker->{pid})->{exit});
}

# What does not fit: rows and the audit, and what was acknowledged.
sub faults {
	my ($answers) = @_;
	my @wrong;
	my $say = sub { push @wrong, join ' ', @_ };
	# What a kill has left half done is undone by whoever comes first.
	$house->cgi(method => 'GET', path => '/healthz', body => '');
	my %row = map { $_->{integration_id} => $_ } $house->rows(
	    'SELECT id, integration_id, revision, name FROM integrations');
	my (%changes, %gone, %leases);
	for my $entry ($house->rows('SELECT action, integration_id AS id '
	    . 'FROM audit ORDER BY seq')) {
		my ($action, $id) = @$entry{qw(action id)};
		$changes{$id}++ if $action =~ /\A(?:save|change)\z/;
		$gone{$id}++ if $action eq 'delete';
		$leases{$id}++ if $action eq 'lease';
	}
	for my $id (sort keys %row) {
		$say->("$id has revision $row{$id}{revision}, the audit "
		    . ($changes{$id} // 0) . ' changes')
		    if $row{$id}{revision} != ($changes{$id} // 0);
		$say->("$id is there, and was deleted") if $gone{$id};
	}
	for my $id (sort keys %changes) {
		$say->("$id is gone, and nobody did it")
		    if !$row{$id} && !$gone{$id};
	}
	my @held = $house->rows('SELECT id FROM refresh_leases');
	my @secrets = map { $_ ? $_->{revision} : 0 } $row{ $ids[0] };
	# The lease ends with the next secret, which is the fourth revision.
	my $want = ($leases{ $ids[0] } // 0) && $secrets[0] < 4 ? 1 : 0;
	$say->("leases: " . @held . ", not $want") if @held != $want;
	my @names = map { $_->[0] } requests();
	my %status = map { $names[$_] => $answers->[$_]{status} }
	    0 .. $#$answers;
	my %least = ('a secret' => 2, 'a name' => 3, 'nothing' => 3,
	    'a secret more' => 4);
	for my $name (sort keys %least) {
		$say->("$name is lost: revision $secrets[0]")
		    if ($status{$name} // 0) == 200
		    && $secrets[0] < $least{$name};
	}
	$say->('a deletion is lost') if ($status{'a deletion'} // 0) == 200
	    && $row{ $ids[1] };
	$say->('a lease is lost') if ($status{'a lease'} // 0) == 200
	    && !$leases{ $ids[0] };
	$say->('a save is lost') if ($status{'a save'} // 0) == 200
	    && keys %row < 2 + !$gone{ $ids[1] };
	my %odd = map { $_ => 1 } grep { !/\A(?:200|599)\z/ }
	    map { $_->{status} } @$answers;
	$say->('answers:', sort keys %odd) if %odd;
	return @wrong;
}

# All of it again, by whom the answers did not reach.
sub again {
	my ($answers) = @_;
	my @wrong;
	my @requests = requests();
	for my $i (0 .. $#requests) {
		my ($name, %o) = @{ $requests[$i] };
		next if !$o{headers};
		my $answer = $house->cgi(%o);
		push @wrong, "$name, again: $answer->{status}"
		    if $answer->{status} != 200;
		push @wrong, "$name, again, is another answer"
		    if $answers->[$i] && $answers->[$i]{status} == 200
		    && ($answer->{body} ne $answers->[$i]{body}
		    || !$answer->{headers}{'idempotent-replayed'});
	}
	my ($row) = $house->rows('SELECT revision FROM integrations WHERE '
	    . "integration_id = '$ids[0]'");
	push @wrong, "in the end it has revision $row->{revision}, not 4"
	    if $row->{revision} != 4;
	my $secret = $house->reveal($ids[0]);
	push @wrong, "in the end the secret is " . substr $secret, 0, 40
	    if $secret !~ /\A\{"access_token":"t-2","more":"x{6000}"\}\z/;
	my ($n) = $house->rows('SELECT count(*) AS n FROM integrations '
	    . "WHERE unique_identifier LIKE 'jira-%'");
	push @wrong, "$n->{n} integrations were saved, not 1" if $n->{n} != 1;
	my $check = $house->admin('check');
	push @wrong, "check: $check->{out}" if $check->{exit} ne '0';
	return @wrong;
}

# Kill at the Nth call until nothing is left to kill, in the short form at some
# of them, but for a control at each: how many runs, how many acknowledged
# requests, and what was wrong.
sub kill_at_each {
	my ($action, $more) = @_;
	my ($runs, $done, @wrong) = (0, 0);
	for (my $n = 1; $n < 3000; $n += $more ? 1
	    : rounds(1 + int rand 8, 1)) {
		template('restore');
		my ($answers, $exit) = run_worker(
		    inject($house, "change:$action:$n$more"));
		$runs++;
		$done += grep { $_->{status} == 200 } @$answers;
		push @wrong, map { "$action at $n: $_" } faults($answers),
		    $more ? () : again($answers);
		last if $exit eq '0';
	}
	return ($runs, $done, @wrong);
}

srand 8;
my @sum = (0, 0, 0);
for my $journal (qw(wal truncate)) {
	prepare($journal);
	for my $action (qw(kill tear)) {
		my ($runs, $done, @wrong) = kill_at_each($action, '');
		cmp_ok($runs, '>', 5, "$journal: killed ($action), $runs runs");
		is(join("\n", @wrong), '', 'nothing is lost, done twice, or '
		    . 'without its row in the audit');
		$sum[0] += $runs;
		$sum[1] += $done;
		$sum[2] += @wrong;
	}
}
figure('killed at ' . (full() ? 'each call' : 'some calls') . ' of write, '
    . "sync, truncate, $sum[0] runs: $sum[2] faults in $sum[1] acknowledged "
    . 'changes, 0 may be');

# The same of a worker that answers before it commits.
prepare('wal');
my ($runs, $done, @wrong) = kill_at_each('kill', ',commit:early:1+:3');
my $lost = grep { /lost/ } @wrong;
cmp_ok($lost, '>', 0, 'control: a worker that answers before it commits '
    . 'loses changes');
control("answers before the commit, $runs runs: $lost lost of $done");

finish();
