# What a test under t/faults measured, beside what it had to reach, and what
# its control did: a control is the same test of something that is broken on
# purpose, and shows that the test can fail.

package Strongroom::Figure;

use strict;
use warnings;
use Exporter 'import';
use File::Basename qw(basename);
use Test::More;

our @EXPORT = qw(figure control full rounds);

my $file;

sub put {
	my ($kind, $text) = @_;
	diag("$kind: $text");
	my $dir = "$ENV{SR_BUILD}/figures";
	if (!$file) {
		mkdir $dir;
		$file = "$dir/" . basename($0, '.t');
		unlink $file;
	}
	open my $out, '>>', $file or die "$file: $!";
	printf $out "%-32s %-8s %s\n", basename($0, '.t'), $kind, $text;
	close $out or die "$file: $!";
}

# figure(TEXT): what was measured, and the limit, in one line.
sub figure { put('figure', $_[0]) }

# control(TEXT): what the test saw where it had to see a fault.
sub control { put('control', $_[0]) }

# Whether the test is to run in full, not in the form for every change.
sub full { return !!$ENV{SR_FULL} }

# rounds(QUICK, FULL): how often.
sub rounds { return full() ? $_[1] : $_[0] }

1;
