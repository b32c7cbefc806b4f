package Strongroom::Trial;

# The trial of a mutant: it is put in the place of its source and built, and
# test after test is run until one fails. What is built and what the tests are,
# stages say. Nothing that a test has started outlives it.

use strict;
use warnings;
use Exporter 'import';
use File::Path qw(remove_tree);
use File::Temp ();
use Strongroom::Mutants qw(mutate);
use Strongroom::Proc qw(start running reap wait_until at_end);
use Time::HiRes ();

our @EXPORT_OK = qw(trial);

use constant {
	BUILD_SECONDS => 900,
	PATIENCE => 20,		# for a test that is told to end
	WAIT => 0.2,
};

# A loop without end shall not take the machine's memory or disk.
use constant { MEMORY_KIB => 16 << 20, FILE_BLOCKS => 4 << 20 };

# trial(root => a copy of the source, env => {whole environment}, log => file)
sub trial {
	my (%o) = @_;
	my $self = bless { %o, original => {} }, __PACKAGE__;
	$self->{tmp} = File::Temp::tempdir('mutantsXXXXXX', TMPDIR => 1);
	chmod 0755, $self->{tmp} or die "$self->{tmp}: $!";
	$self->{env} = { %{ $o{env} }, TMPDIR => "$self->{tmp}/t" };
	at_end(sub { $self->_clear; remove_tree($self->{tmp}) });
	return $self;
}

# judge($mutant, @stages): { verdict, by, seconds }. A stage is a hash, or code
# that makes it: build (a command), remove (files that it is to make anew),
# object (what becomes of the source; one like the original's is an equal
# mutant), tests (a list of { name, cmd, seconds, and twice, where one failure
# may be the machine's load }), env (more of it), and is_sanitized, for programs
# whose memory cannot be limited.
sub judge {
	my ($self, $mutant, @stages) = @_;
	my $from = Time::HiRes::time();
	my $path = "$self->{root}/$mutant->{file}";
	$self->_say("-- $mutant->{file}:$mutant->{line}: $mutant->{what}");
	my $text = _read($path);
	my (%said, @objects);
	$said{verdict} = 'survived';
	for my $stage (@stages) {
		$stage = $stage->() if ref $stage eq 'CODE';
		if (my $object = $stage->{object}) {
			push @objects, $object;
			$self->{original}{$object} //= _read($object);
			unlink $object;
		}
		_write($path, mutate($text, $mutant)) if !$said{is_there}++;
		%said = (%said, $self->_stage($stage));
		last if $said{verdict} ne 'survived';
	}
	_write($path, $text);
	unlink @objects;	# not by time, which may be too coarse
	delete $said{is_there};
	return { by => '', %said, seconds => Time::HiRes::time() - $from };
}

sub _stage {
	my ($self, $stage) = @_;
	if ($stage->{build}) {
		unlink @{ $stage->{remove} // [] };
		return (verdict => 'not compiled')
		    if !$self->passes($stage->{build}, BUILD_SECONDS, $stage);
	}
	my $object = $stage->{object};
	# A sanitizer's build may leave out what is there without one.
	return (verdict => 'equal') if $object && !$stage->{is_sanitized}
	    && _read($object) eq $self->{original}{$object};
	for my $test (@{ $stage->{tests} // [] }) {
		my @run = ($test->{cmd}, $test->{seconds}, $stage);
		next if $self->passes(@run);
		return (verdict => 'timed out', by => $test->{name})
		    if $self->{is_late};
		return (verdict => 'killed', by => $test->{name})
		    if !$test->{twice} || !$self->passes(@run);
	}
	return ();
}

# Run a command in a session of its own, to its end or that of the time.
sub passes {
	my ($self, $cmd, $seconds, $stage) = @_;
	mkdir $self->{env}{TMPDIR} or die "$self->{env}{TMPDIR}: $!";
	chmod 01777, $self->{env}{TMPDIR};
	my $limits = 'ulimit -f ' . FILE_BLOCKS . '; ' . ($stage->{is_sanitized}
	    ? '' : 'ulimit -v ' . MEMORY_KIB . '; ') . 'exec "$@"';
	my $pid = start(cmd => ['sh', '-c', $limits, 'sh', @$cmd],
	    session => 1, env => { %{ $self->{env} }, %{ $stage->{env} // {} } },
	    stdout => $self->{log}, stderr => $self->{log});
	$self->{session} = $pid;
	my $status;
	# Counted by our own waits, so that a machine that is held up, or has
	# no time for us, is no endless loop of the test's.
	for (my $left = $seconds; $left > 0 && !defined $status;
	    $left -= WAIT) {
		$status = reap($pid, WAIT);
	}
	$self->{is_late} = !defined $status;
	if (!defined $status) {
		kill 'TERM', $pid;	# a script ends what it started
		reap($pid, PATIENCE);
	}
	$self->_clear;
	return defined $status && $status == 0;
}

# What is still running of the last command, and the files it has left.
sub _clear {
	my ($self) = @_;
	wait_until(PATIENCE, sub {
		my @ours = $self->_ours or return 1;
		kill 'KILL', @ours;
		running($_) for @ours;
		return 0;
	}) or die 'processes do not end: ' . join ' ', $self->_ours;
	remove_tree($self->{env}{TMPDIR});
}

# Processes of the session; and those that left it, by their environment.
sub _ours {
	my ($self) = @_;
	my @ours;
	opendir my $dh, '/proc' or die "/proc: $!";
	for my $pid (grep { /\A\d+\z/ } readdir $dh) {
		my $stat = eval { _read("/proc/$pid/stat") } // next;
		my ($state, undef, undef, $session) =
		    split / /, $stat =~ s/\A.*\) //sr;
		next if !defined $session || $state eq 'Z';	# or gone
		my $env = "\0" . (eval { _read("/proc/$pid/environ") } // '');
		push @ours, $pid if $session == ($self->{session} // -1)
		    || index($env, "\0TMPDIR=$self->{env}{TMPDIR}\0") >= 0;
	}
	return @ours;
}

sub _say {
	my ($self, $line) = @_;
	open my $fh, '>>', $self->{log} or die "$self->{log}: $!";
	print {$fh} "$line\n";
}

sub _read {
	my ($file) = @_;
	open my $fh, '<:raw', $file or die "$file: $!";
	local $/;
	return readline($fh) // '';
}

sub _write {
	my ($file, $bytes) = @_;
	open my $fh, '>:raw', $file or die "$file: $!";
	print {$fh} $bytes;
	close $fh or die "$file: $!";
}

1;
