#!/usr/bin/perl
# What t/mutants/run is made of, by sources of a few lines: which changes are
# drawn, and what becomes of each.

use strict;
use warnings;
use File::Temp ();
use Test::More;
use Strongroom;
use Strongroom::Mutants qw(mutants_of sample mutate unsettled
    function_of);
use Strongroom::Proc qw(run running);
use Strongroom::Seen qw(seen_by);
use Strongroom::Trial qw(trial);

sub said { join "\n", map { "$_->{line} $_->{what}" } @_ }

# -- which there are

my $source = <<'C';
/* if (a < b) return (0); */
#include "x.h"	/* 1 < 2 */
#define TWICE(n) \
	((n) * 2)

enum size { SMALL = 16, OTHER };
_Static_assert(SMALL < 32, "small");
static const struct row rows[4] = { { "a < b && c", true } };
struct pair { char text[8]; };
static int f(int, char [7]);

static int
f(int n, char text[7])
{
	char more[SMALL + 1];
	int i = 0;

	assert(n < 5);
	if (n == SMALL && !g(n))
		return (-1);
	for (i = 0; i < n; i++)
		log_info("%d of %d", i,
		    n + 7);
	switch (n) {
	case 3:
		(void)g(text[0] == '\n');
		break;
	}
	return (n);
}
C
my @all = mutants_of('src/f.c', $source);
is(said(@all), <<'S' =~ s/\n\z//r, 'what is changed, and what is left alone');
6 16 becomes 15
6 16 becomes 17
8 true becomes false
16 0 becomes 1
19 the condition is negated
19 == becomes !=
19 && becomes ||
19 ! is gone
20 returns 0
21 0 becomes 1
21 < becomes <=
21 < becomes >=
22 no log_info()
26 no g()
26 0 becomes 1
26 == becomes !=
26 '\n' becomes ' '
29 returns 0
S
my ($call) = grep { $_->{what} eq 'no log_info()' } @all;
is(mutate($source, $call) =~ tr/\n//, $source =~ tr/\n//,
    'what a mutant lacks leaves its lines');
unlike(mutate($source, $call), qr/log_info/, 'but not itself');
my ($negated) = grep { $_->{what} =~ /negated/ } @all;
like(mutate($source, $negated), qr/if \(!\(n == SMALL && !g\(n\)\)\)/,
    'a negated condition is negated as a whole');

my $lines = 0;
my $real = 0;
for my $file (glob '"' . source() . '/src/*/*.c"') {
	my $text = slurp($file);
	my @mutants = mutants_of($file, $text);
	$real += @mutants;
	$lines++ for grep { $_->{code} =~ m{\A(?:/\*|\* [A-Z]|#)} } @mutants;
}
cmp_ok($real, '>', 3000, 'the service has thousands');
is($lines, 0, 'and none in a comment or a line of the preprocessor');

# -- which are drawn

my $drawn = said(sample(1, 5, @all));
is(said(sample(1, 5, reverse @all)), $drawn, 'a seed draws the same ones');
isnt(said(sample(2, 5, @all)), $drawn, 'another seed draws others');
my @below = mutants_of('src/f.c', "static int x;\n$source");
is(said(sample(1, 5, @below)), $drawn =~ s/^(\d+)/$1 + 1/gemr,
    'whatever stands above');
my @each = sample(1, 100, @all);
my %once = map { $_->{line} => 1 } @each;
is(scalar @each, scalar keys %once, 'each line is drawn once');

# -- where they are

is(join(' ', map { function_of($source, $_->{line}) // '-' } @all[0 .. 3, -1]),
    '- - - f f', 'the function that a line is in');
is(function_of("$source\nstatic int y = 1;\n", 34) // '-', '-',
    'behind one is none');

# -- which are to be tried again

my @said = map { { %{ $each[$_] }, line => 0, verdict =>
    (qw(killed survived equal), 'timed out', 'not compiled')[$_ % 5] } }
    0 .. $#each - 1;
my ($open, $kept) = unsettled(\@each, reverse @said);
is("@$open", join(' ', (grep { $_ % 5 == 1 || $_ % 5 == 3 } 0 .. $#said),
    $#each), 'those that survived or timed out, and a new one');
is(said(@$kept), said(@each[grep { $_ % 5 != 1 && $_ % 5 != 3 } 0 .. $#said]),
    'the others are where their lines are by now');
is(scalar(grep { $_->{verdict} eq 'killed' } @$kept),
    scalar(grep { $_ % 5 == 0 } 0 .. $#said), 'with what was said of them');
($open, $kept) = unsettled(\@each);
is(@$open . ' ' . @$kept, @each . ' 0', 'without a last time: all');

# -- what programs come to

my $seen = File::Temp::tempdir('srXXXXXX', TMPDIR => 1, CLEANUP => 1);
mkdir "$seen/$_" or die $! for qw(src noted);
spew("$seen/src/a.c", <<'C');
#include <signal.h>
int here(int);
int there(int);
int here(int n) { return (n + 1); }
int there(int n) { return (n + 2); }
int main(int argc, char **argv)
{
	(void)argv;
	if ((argc > 1 ? there(1) : here(1)) == 2)
		raise(SIGKILL);
	return (0);
}
C
my $built = run(cmd => ['sh', '-c', 'cd "$1" && cc=${CC:-cc} && $cc -O2 -c '
    . '-DSEEN="\"$1/noted\"" "$2" && $cc -O0 -g -fsanitize-coverage=trace-pc '
    . 'src/a.c seen.o -o a', 'sh', $seen, source() . '/t/mutants/seen.c']);
SKIP: {
	skip "no trace of a program: $built->{err}", 3 if $built->{exit} ne '0';
	is(run(cmd => ["$seen/a"])->{exit}, 'signal 9', 'one that is killed');
	is(join(' ', seen_by("$seen/a", "$seen/noted/a")),
	    'src/a.c:here src/a.c:main', 'was where it was');
	run(cmd => ["$seen/a", 'there']);
	is(join(' ', seen_by("$seen/a", "$seen/noted/a")),
	    'src/a.c:here src/a.c:main src/a.c:there', 'and so was another');
}

# -- what becomes of them

my $top = File::Temp::tempdir('srXXXXXX', TMPDIR => 1, CLEANUP => 1);
mkdir "$top/src" or die $!;
spew("$top/src/limit.c", <<'C');
int limit(int, int);
int
limit(int n, int high)
{
	if (high < 0)
		return (0);
	while (n > high)
		n = high;
	return (n);
}
C
spew("$top/check.c", <<'C');
#include <unistd.h>
int limit(int, int);
int main(void)
{
	if (fork() == 0) {
		setsid();
		execlp("sleep", "sleep", "1000", (char *)0);
	}
	return (limit(9, 4) != 4 || limit(3, 4) != 3);
}
C
my $cc = $ENV{CC} // 'cc';
my %build = (object => "$top/src/limit.o", build => ['sh', '-c',
    "cd '$top' && $cc -O1 -c -o src/limit.o src/limit.c && "
    . "$cc -o check check.c src/limit.o"]);
is(run(cmd => $build{build})->{exit}, 0, 'the original is built');
my $trial = trial(root => $top, log => "$top/log", env => { %ENV });
my @tests = ({ name => 'check', cmd => ["$top/check"], seconds => 9 });

sub verdict {
	my ($line, $what, @more) = @_;
	my ($mutant) = grep { "$_->{line} $_->{what}" eq "$line $what" }
	    mutants_of('src/limit.c', slurp("$top/src/limit.c"));
	my $said = $trial->judge($mutant // $what, { %build,
	    tests => \@tests });
	return "$said->{verdict} $said->{by}";
}

my $was = slurp("$top/src/limit.c");
is(verdict(7, '> becomes <='), 'killed check', 'one is killed');
is(verdict(7, '> becomes >='), 'timed out check', 'one does not end');
is(verdict(5, '< becomes >='), 'killed check', 'one is killed');
# Fails at its first run alone.
@tests = ({ name => 'once', twice => 1, seconds => 60, cmd => ['sh', '-c',
    'test -e "$0" || { : >"$0"; false; }', "$top/been"] });
is(verdict(5, '< becomes >='), 'survived ', 'one that fails once survives');
ok(-e "$top/been", 'the test has failed once');
@tests = ({ name => 'check', cmd => ["$top/check"], seconds => 60 });
is(verdict(6, 'returns -1'), 'survived ', 'one nobody looks at survives');
is(verdict(5, { file => 'src/limit.c', line => 5, what => '', at => 0,
    length => 3, text => 'int x' }), 'not compiled ', 'one is no C');
is(verdict(1, { file => 'src/limit.c', line => 1, what => '', at => 0,
    length => 3, text => 'signed int' }), 'equal ',
    'one becomes the same machine code');
is(slurp("$top/src/limit.c"), $was, 'the source is as it was');
my @left = grep { (readlink("$_/cwd") // '') eq $top
    || do { no warnings; open my $fh, '<', "$_/environ"; local $/;
    (readline($fh) // '') =~ /\0TMPDIR=\Q$trial->{env}{TMPDIR}\E\0/ } }
    glob '/proc/[0-9]*';
is("@left", '', 'and nothing is left running');
done_testing();
