# What tests draw at random. The form for every change draws the same each
# time, so that what it finds today it has found in the change that brought
# it; the full form (SR_FULL=1) draws anew in each run, and SR_SEED says what.

package Strongroom::Seed;

use strict;
use warnings;
use Exporter 'import';
use Test::More;

our @EXPORT = qw(seeded);

# Begin to draw at random, by the seed that this returns; N where nothing asks
# for another.
sub seeded {
	my ($n) = @_;
	my $seed = $ENV{SR_SEED} // ($ENV{SR_FULL} ? time ^ $$ : $n);
	srand $seed;
	diag("SR_SEED=$seed") if $ENV{SR_SEED} || $ENV{SR_FULL};
	return $seed;
}

1;
