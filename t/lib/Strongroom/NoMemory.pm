# Each allocation of a program fails in its turn, by t/lib/nomem.c.

package Strongroom::NoMemory;

use strict;
use warnings;
use Exporter 'import';
use File::Temp qw(tempdir);
use Strongroom::Preload qw(loadable);
use Strongroom::Proc qw(run);
use Test::More;

our @EXPORT = qw(needs_compiler each_failing);

use constant LIMIT => 600;

my $SRC = $ENV{SR_SRC} // '.';
my $library;

# Skip all tests where there is none.
sub needs_compiler {
	my $dir = tempdir('srXXXXXX', TMPDIR => 1, CLEANUP => 1);
	my $built = run(cmd => [$ENV{CC} // 'cc', '-shared', '-fPIC', '-O1',
	    '-o', "$dir/nomem.so", "$SRC/t/lib/nomem.c"]);
	plan(skip_all => 'no compiler') if $built->{exit} ne '0';
	$library = loadable("$dir/nomem.so");
	return;
}

# Run with the first allocation failing, the second, and so on, until none is
# left; the code, given the environment of a run and which one it is, returns
# what that said on standard error.
sub each_failing {
	my ($name, $code) = @_;
	my $n = 0;
	my $said = '';
	while ($n++ < LIMIT && $said !~ /^no allocation failed$/m) {
		$said = $code->({ LD_PRELOAD => $library, FAIL_AT => $n }, $n);
	}
	cmp_ok($n, '>', 10, "$name: allocations have failed");
	cmp_ok($n, '<', LIMIT, "$name: the last run had all of them");
	return;
}

1;
