package Strongroom::Trace;

# What a program does to files, and what of it a power cut in the next instant
# would take: t/lib/trace.c writes it down, this reads it.
#
#	my ($trace, $why) = trace($house->{dir});	# no $trace: why not
#	$house->admin('backup', $file, { env => $trace->env });
#	my @lost = $trace->lost;
#
# Lost is what was written and not synced, a name whose directory was not
# synced since it was made, and, whatever came later, a file that got its name
# before it was synced. The shared memory of SQLite and lock files need no
# disk, and a write-ahead log that is cut needs no sync: all that was in it is
# in the database by then.

use strict;
use warnings;
use Exporter 'import';
use File::Basename qw(dirname);
use Strongroom;
use Strongroom::Preload qw(within);

our @EXPORT = qw(trace);

sub trace {
	my ($below) = @_;
	my ($env, $why) = within('trace', [program('strongroom'), 'version'],
	    sub { (TRACE => "$_[0]/lines", TRACE_BELOW => $below) },
	    sub { -s "$_[0]/lines" });
	return (undef, $why) if !$env;
	my $self = bless { env => $env }, __PACKAGE__;
	$self->forget;
	return $self;
}

sub env { $_[0]{env} }

# From here on, with all that was done before taken for safe.
sub forget { spew($_[0]{env}{TRACE}, '') }

sub lines { split /\n/, slurp($_[0]{env}{TRACE}) }

sub _matters { $_[0] !~ /(?:-shm|\.lock)\z/ }

# lost(until => REGEX): at the first line that is so, before it was done.
sub lost {
	my ($self, %o) = @_;
	my (%dirty, %unnamed, @hasty);
	my $name_it = sub { $unnamed{ dirname($_[0]) }{ $_[0] } = 1 };
	my $move = sub {
		my ($from, $to) = @_;
		push @hasty, "$to: in place before it was synced"
		    if $dirty{$from};
		$dirty{$to} = delete $dirty{$from};
		$name_it->($to);
	};
	my $forget = sub {
		delete $dirty{$_[0]};
		delete $unnamed{ dirname($_[0]) }{ $_[0] };
	};
	my %does = (
		begin => sub { },
		create => $name_it,
		mkdir => $name_it,
		write => sub { $dirty{$_[0]} = 1 },
		cut => sub { $dirty{$_[0]} = 1 if $_[0] !~ /-wal\z/ },
		sync => sub { delete $dirty{$_[0]}; delete $unnamed{$_[0]} },
		rename => sub { $move->(@_); $forget->($_[0]) },
		link => $move,
		unlink => $forget,
	);
	my $found = !$o{until};
	for my $line ($self->lines) {
		last if $o{until} && $line =~ $o{until} && ($found = 1);
		my ($what, @paths) = split /\t/, $line;
		$does{$what}->(@paths);
	}
	die "no line is like $o{until}" if !$found;
	return sort @hasty,
	    map({ "$_: not synced" } grep { $dirty{$_} && _matters($_) }
		keys %dirty),
	    map({ "$_: its name is not synced" } grep { _matters($_) }
		map { keys %$_ } values %unnamed);
}

1;
