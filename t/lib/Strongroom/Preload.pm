# Small C sources beside the tests, built when a test first asks for them:
# libraries that stand between a program and the system, by LD_PRELOAD, and
# programs that are linked with the service's own library.

package Strongroom::Preload;

use strict;
use warnings;
use Exporter 'import';
use File::Basename qw(basename);
use File::Temp qw(tempdir);
use Strongroom::Proc qw(run);

our @EXPORT = qw(preload loadable tool);
our @EXPORT_OK = qw(within);

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

# within('name', [command], environment, is_there): the environment in which
# t/lib/name.c comes first; or undef and why that cannot be. environment is
# given a directory, in which the code is_there finds that the library has been
# in the command.
# All that it calls is found at the start: a call that is looked up when it is
# made has registers laid on the stack, with whatever was copied last.
sub within {
	my ($name, $cmd, $more, $is_there) = @_;
	my $dir = tempdir('srXXXXXX', TMPDIR => 1, CLEANUP => 1);
	my $made = run(cmd => [$ENV{CC} // 'cc', '-std=gnu11', '-O2', '-Wall',
	    '-Wextra', '-shared', '-fPIC', '-Wl,-z,now', '-o', "$dir/$name.so",
	    "$SRC/t/lib/$name.c"]);
	return (undef, "no compiler for t/lib/$name.c: $made->{err}")
	    if $made->{exit} ne '0';
	my %env = (LD_PRELOAD => loadable("$dir/$name.so"), $more->($dir));
	# A sanitizer wants to be the first library, and need not be.
	$env{ASAN_OPTIONS} = join ':', grep { defined } $ENV{ASAN_OPTIONS},
	    'verify_asan_link_order=0';
	run(cmd => $cmd, env => { PATH => $ENV{PATH}, %env });
	return (undef, 'a static program takes no library')
	    if !$is_there->($dir);
	return (\%env, undef);
}

# tool('name', libraries): the program made of t/faults/name.c.
sub tool {
	my ($name, @libraries) = @_;
	return _make($name, $name, map { s/^own$/$BUILD\/libstrongroom.a/r }
	    @libraries);
}

1;
