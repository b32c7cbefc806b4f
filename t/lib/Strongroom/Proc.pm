package Strongroom::Proc;

# Child processes of one test: each is recorded when it starts, has its own
# process group, and is killed and reaped when the test ends, however it ends.

use strict;
use warnings;
use Errno qw(EINTR);
use Exporter 'import';
use POSIX ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT_OK = qw(adopt start run stop running reap resident wait_until launch
    parallel pause now watch_log sanitizer_reports at_end);

my $owner = $$;
my %live;        # pid => name
my %ended;       # pid => wait status
my @logs;        # files to search for sanitizer reports
my @reports;
my @at_end;

my $SANITIZER = qr/ERROR:\ AddressSanitizer|LeakSanitizer|runtime\ error:
    |WARNING:\ ThreadSanitizer/x;

# What whoever runs the tests has set for himself is not what they are about.
umask 022;
delete @ENV{grep { /\A(?:STRONGROOM_.*|LANGUAGE|GATEWAY_INTERFACE|REQUEST_METHOD
    |.*_proxy)\z/ix } keys %ENV};
$ENV{LC_ALL} = 'C';
$ENV{HOME} //= '/nonexistent';	# sqlite3(1) complains of users without
# A socket's path has 107 characters, and mod_fcgid takes no space in one.
delete $ENV{TMPDIR} if ($ENV{TMPDIR} // '') !~ m{\A/[\w./+-]{1,40}\z};

$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
$SIG{PIPE} = 'IGNORE';

# Seconds since some moment; the wall clock may be set while a test runs.
sub now { clock_gettime(CLOCK_MONOTONIC) }

sub pause { select(undef, undef, undef, $_[0]) }

# Ask again and again until the code says yes; the last answer, or nothing.
sub wait_until {
	my ($seconds, $code) = @_;
	my $end = now() + $seconds;
	my $step = 0.001;
	while (1) {
		my $said = $code->();
		return $said if $said;
		return if now() > $end;
		pause($step);
		$step *= 1.5 if $step < 0.05;
	}
}

# MiB of memory that a process has of its own by now.
sub resident {
	my ($pid) = @_;
	open my $fh, '<', "/proc/$pid/status" or die "process $pid: $!";
	my ($kib) = map { /^VmRSS:\s*(\d+)/ ? $1 : () } <$fh>;
	return ($kib // die "process $pid: no VmRSS") / 1024;
}

# Numbers of processes come again.
sub _born {
	my ($pid, $name) = @_;
	delete $ended{$pid};
	$live{$pid} = $name;
}

# A process that the caller has begun itself, from here on one of ours.
sub adopt {
	my ($pid, $name) = @_;
	_born($pid, $name);
	return $pid;
}

# start(cmd => [...], program =>, env => {whole environment}, stdin =>,
# stdout =>, stderr => (open handles or paths), fds => limit of open files,
# session => 1: of its own)
sub start {
	my (%o) = @_;
	my @cmd = @{ $o{cmd} };
	my $program = $o{program} // $cmd[0];
	my %handle;
	for my $io (qw(stdin stdout stderr)) {
		my $to = $o{$io} // '/dev/null';
		if (!ref $to) {
			my $mode = $io eq 'stdin' ? '<' : '>>';
			open my $fh, $mode, $to or die "$to: $!";
			$to = $fh;
		}
		$handle{$io} = $to;
	}
	STDOUT->flush;
	STDERR->flush;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		$o{session} ? POSIX::setsid() : setpgrp(0, 0);
		$SIG{$_} = 'DEFAULT'
		    for qw(INT TERM HUP QUIT PIPE CHLD USR1 USR2);
		POSIX::sigprocmask(POSIX::SIG_SETMASK(), POSIX::SigSet->new);
		%ENV = %{ $o{env} } if $o{env};
		my %number = (stdin => 0, stdout => 1, stderr => 2);
		POSIX::dup2(fileno $handle{$_}, $number{$_}) for keys %number;
		if ($o{fds}) {
			@cmd = ('/bin/sh', '-c',
			    "ulimit -n $o{fds} && exec \"\$@\"", 'sh',
			    $program, @cmd[1 .. $#cmd]);
			$program = '/bin/sh';
		}
		no warnings 'exec';
		exec { $program } @cmd or print {*STDERR} "$program: $!\n";
		POSIX::_exit(127);
	}
	_born($pid, $o{name} // $cmd[0]);
	return $pid;
}

sub _reap_one {
	my ($pid) = @_;
	my $got = waitpid $pid, POSIX::WNOHANG();
	return 0 if $got == 0;
	$ended{$pid} = $got == $pid ? $? : 0;
	delete $live{$pid};
	return 1;
}

sub running {
	my ($pid) = @_;
	return 0 if exists $ended{$pid};
	return !_reap_one($pid);
}

# The wait status of a process, undef when it has not ended in time.
sub reap {
	my ($pid, $seconds) = @_;
	wait_until($seconds, sub { !running($pid) });
	return $ended{$pid};
}

# Ask a process to end: exit code (or "signal N"), and how long it took.
sub stop {
	my ($pid, %o) = @_;
	my $from = now();
	if (running($pid)) {
		kill $o{signal} // 'TERM', $pid;
	}
	my $status = reap($pid, $o{seconds} // 60);
	if (!defined $status) {
		kill 'KILL', -$pid;
		reap($pid, 60);
		return { exit => 'still running', seconds => now() - $from };
	}
	kill 'KILL', -$pid;
	my $exit = $status & 127 ? 'signal ' . ($status & 127) : $status >> 8;
	return { exit => $exit, seconds => now() - $from };
}

# Run to its end: { exit, out, err }. stdin is a string.
sub run {
	my (%o) = @_;
	my %fh;
	for my $io (qw(stdin stdout stderr)) {
		open $fh{$io}, '+>', undef or die "temporary file: $!";
		binmode $fh{$io};
	}
	print { $fh{stdin} } $o{stdin} // '';
	$fh{stdin}->flush;
	seek $fh{stdin}, 0, 0;
	my $pid = start(%o, %fh);
	my $status = reap($pid, $o{seconds} // 120);
	if (!defined $status) {
		kill 'KILL', -$pid;
		reap($pid, 60);
	}
	my %result = (exit => !defined $status ? 'still running'
	    : $status & 127 ? 'signal ' . ($status & 127) : $status >> 8);
	for my $io (qw(stdout stderr)) {
		seek $fh{$io}, 0, 0;
		local $/;
		$result{ $io eq 'stdout' ? 'out' : 'err' } =
		    readline($fh{$io}) // '';
	}
	push @reports, "@{$o{cmd}}:\n$result{err}"
	    if $result{err} =~ $SANITIZER;
	return \%result;
}

# Run the code in N processes that all begin at the same moment. What comes
# back waits for them: what each returned (a list of strings), in order.
sub launch {
	my ($n, $code) = @_;
	pipe my $barrier, my $open or die "pipe: $!";
	my @child;
	STDOUT->flush;
	STDERR->flush;
	for my $i (0 .. $n - 1) {
		pipe my $from, my $to or die "pipe: $!";
		my $pid = fork // die "fork: $!";
		if ($pid == 0) {
			close $open;
			close $from;
			sysread $barrier, my $byte, 1;
			my @said = eval { $code->($i) };
			@said = ('died', "$@") if $@;
			binmode $to;
			print {$to} pack '(N/a*)*', map { $_ // '' } @said;
			close $to;
			POSIX::_exit(0);
		}
		close $to;
		_born($pid, "child $i");
		push @child, [$pid, $from];
	}
	close $barrier;
	close $open;
	return sub {
		my @all;
		for my $child (@child) {
			my ($pid, $from) = @$child;
			binmode $from;
			local $/;
			my $bytes = readline($from) // '';
			push @all, [unpack '(N/a*)*', $bytes];
			reap($pid, 60);
		}
		return @all;
	};
}

sub parallel { launch(@_)->() }

sub watch_log { push @logs, @_ }

sub sanitizer_reports {
	my @found = @reports;
	for my $log (@logs) {
		open my $fh, '<', $log or next;
		local $/;
		my $text = readline($fh) // '';
		push @found, "$log:\n$text" if $text =~ $SANITIZER;
	}
	return @found;
}

sub at_end { push @at_end, @_ }

sub end_all {
	return if $$ != $owner;
	kill 'TERM', keys %live;
	wait_until(5, sub { !grep { running($_) } keys %live });
	for my $pid (keys %live) {
		kill 'KILL', -$pid;
		kill 'KILL', $pid;
		reap($pid, 10);
	}
	$_->() for splice @at_end;
}

END {
	my $status = $?;
	end_all();
	$? = $status;
}

1;
