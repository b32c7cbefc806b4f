#!/usr/bin/perl
# The disk refuses the Nth call, or ten from the Nth on: of opening, reading,
# writing, syncing. No save whose sync has failed is acknowledged, answers and
# exit codes are those that are documented, what was acknowledged is there,
# and the same process goes on.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect);
use Strongroom::Figure;
use Strongroom::Inject;
use Strongroom::Load;
use Strongroom::Proc qw(run stop running wait_until);

my @calls = qw(open pread pwrite sync dirsync);
my $answers = qr/\A\{"success":false,"data":null,"error":"Failed to save integration: (?:Database connection failed|Database write failed|Internal error)"\}\z/;
my $house = house(conf => { log_level => 'error' });
$house->key;
my $count = 0;

sub fresh_data {
	my ($what) = @_;
	my ($from, $to) = map { "$house->{dir}/$_" } qw(data template);
	($from, $to) = ($to, $from) if $what eq 'restore';
	run(cmd => ['rm', '-rf', $to]);
	run(cmd => ['cp', '-a', $from, $to])->{exit} eq '0' or die 'cp';
}

# One answer, and how many faults there were while it was made.
sub judge {
	my ($call, $answer, $faults) = @_;
	# A directory's sync is the library's when it is not the first, whose
	# failure ends the start, and says nothing new.
	return 'acknowledged after a failed sync'
	    if $answer->{status} == 200 && $faults && $call eq 'sync';
	return if $answer->{status} == 200;
	return "answered $answer->{status} $answer->{body}"
	    if $answer->{status} != 500 || $answer->{body} !~ $answers;
	return 'answered 500 though nothing had failed' if !$faults;
	return;
}

# A worker that meets the faults while it saves: how many there were, then
# what was wrong.
sub worker_run {
	my ($call, $rule) = @_;
	fresh_data('restore');
	my $socket = "$house->{dir}/run.sock";
	unlink $socket;
	my $worker = $house->worker(env => inject($house, "$call:$rule"),
	    ready => 0, socket => $socket);
	$worker->{stopped} = 1;
	wait_until(60, sub { !running($worker->{pid})
	    || fcgi_connect($socket) }) or die 'a worker does not start';
	if (!running($worker->{pid})) {
		my $exit = stop($worker->{pid})->{exit};
		my $log = slurp($worker->{log});
		return (injected($log), $exit =~ /\A(?:66|71|77|78)\z/
		    && $log =~ /error/ ? () : "exit $exit at the start");
	}
	my $load = load($house, name => 'w' . ++$count, clients => 0,
	    sizes => [20, 20, 9000], seed => $count);
	my ($faults, @wrong, $answer) = (injected(slurp($worker->{log})));
	for (1 .. 70) {
		$answer = $load->save;
		my $now = injected(slurp($worker->{log}));
		push @wrong, judge($call, $answer, $now - $faults);
		$faults = $now;
	}
	push @wrong, 'does not go on' if $answer->{status} != 200;
	$load->stop;
	my $exit = stop($worker->{pid})->{exit};
	push @wrong, "exit $exit" if $exit ne '0';
	return (injected(slurp($worker->{log})), @wrong, $load->faults);
}

# The same of CGI processes.
sub cgi_run {
	my ($call, $rule) = @_;
	fresh_data('restore');
	my $body = with_auth('{"access_token":"t"}');
	my $answer = $house->cgi(body => $body,
	    env => inject($house, "$call:$rule"));
	my $faults = injected($answer->{err});
	my @wrong = judge($call, $answer, $faults);
	my $saved = $answer->{status} == 200 ? 1 : 0;
	my $rows = @{ $house->integrations };
	push @wrong, "answered $answer->{status}, $rows rows"
	    if $rows > 1 || $rows < $saved;
	$answer = $house->cgi(body => $body);
	push @wrong, "then $answer->{status}" if $answer->{status} != 200;
	my $check = $house->admin('check');
	push @wrong, "check: $check->{out}" if $check->{exit} ne '0';
	return ($faults, @wrong);
}

# Faults at N = 1 .. 50, in the quick form at some of them.
sub each_n {
	my ($run, $call, $step) = @_;
	my ($runs, $met, @wrong) = (0, 0);
	for (my $n = 1; $n <= 50; $n += rounds(1 + int rand $step, 1)) {
		for my $rule ("eio:$n", "eio:$n-" . ($n + 9)) {
			my ($faults, @found) = $run->($call, $rule);
			$runs++;
			$met++ if $faults;
			push @wrong, map { "$call:$rule: $_" } @found;
		}
		last if $met < $runs - 6;	# it makes fewer such calls
	}
	return ($runs, $met, @wrong);
}

fresh_data('keep');
my %runs = (worker => \&worker_run, CGI => \&cgi_run);
my %step = (open => 1, pread => 10, pwrite => 16, sync => 16,
    dirsync => 1);
for my $who (sort keys %runs) {
	my @said;
	for my $call (@calls) {
		my ($runs, $met, @wrong) = each_n($runs{$who}, $call,
		    $step{$call});
		cmp_ok($met, '>', 0, "$who: $call failed in $met of $runs runs");
		is(join("\n", @wrong), '', "$who: with the documented answer");
		push @said, "$call $met";
	}
	figure("$who, EIO at the Nth or ten, N to 50, runs that met one: "
	    . join(', ', @said) . ': 0 wrong answers or rows may be, were 0')
	    if Test::More->builder->is_passing;
}

# A worker that does not heed a sync's failure, one that loses a write.
my @deaf = (worker_run('sync', 'drop:5'))[1];
like($deaf[0] // '', qr/acknowledged after a failed sync/,
    'control: a failed sync that is not heeded is seen');
my (undef, @lossy) = worker_run('pwrite', 'drop:30-60');
cmp_ok(scalar @lossy, '>', 0, 'control: lost writes are seen');
control("a failed sync not heeded: $deaf[0]; writes lost: "
    . scalar(@lossy) . ' faults');

finish();
