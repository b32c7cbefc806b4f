# Small C sources beside the tests of t/faults, built when a test first asks
# for them: libraries that stand between a program and the system, by
# LD_PRELOAD, and programs that are linked with the service's own library.

package Strongroom::Preload;

use strict;
use warnings;
use Exporter 'import';
use File::Basename qw(basename);
use File::Temp qw(tempdir);
use Strongroom::Proc qw(run);

our @EXPORT = qw(preload loadable tool);

my $SRC = $ENV{SR_SRC} // '.';
my $BUILD = $ENV{SR_BUILD} // "$SRC/build";

sub _make {
	my ($name, $out, @args) = @_;
	my $dir = "$BUILD/t/faults";
	-d $_ || mkdir $_ or die "$_: $!" for "$BUILD/t", $dir;
	my $made = run(cmd => [$ENV{CC} // 'cc', '-std=gnu11', '-O2', '-g',
	    '-Wall', '-Wextra', '-Werror', "-I$SRC/src", '-o', "$dir/$out.$$",
	    "$SRC/t/faults/$name.c", @args]);
	die "$name.c: $made->{err}" if $made->{exit} ne '0';
	rename "$dir/$out.$$", "$dir/$out" or die "$dir/$out: $!";
	return "$dir/$out";
}

# A library's name as LD_PRELOAD takes it, for which spaces and colons stand
# between two names.
my $links;

sub loadable {
	my ($file) = @_;
	return $file if $file !~ /[\s:]/;
	$links //= tempdir('srXXXXXX', TMPDIR => 1, CLEANUP => 1);
	my $link = "$links/" . basename($file);
	-l $link or symlink $file, $link or die "$link: $!";
	return $link;
}

# preload('name'): the environment in which t/faults/name.c comes first.
sub preload {
	my ($name) = @_;
	my $file = _make($name, "$name.so", '-shared', '-fPIC', '-ldl');
	return (LD_PRELOAD => loadable($file));
}

# tool('name', libraries): the program made of t/faults/name.c.
sub tool {
	my ($name, @libraries) = @_;
	return _make($name, $name, map { s/^own$/$BUILD\/libstrongroom.a/r }
	    @libraries);
}

1;
