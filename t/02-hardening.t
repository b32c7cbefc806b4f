#!/usr/bin/perl
# What compiler and linker were asked for is in the programs: addresses by
# chance, tables that cannot be written, canaries, checked copies.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Proc qw(run);

my $lines = run(cmd => ['readelf', '--version']);
plan skip_all => 'readelf is missing: install binutils'
    if $lines->{exit} ne '0';

sub readelf {
	my ($option, $file) = @_;
	my $said = run(cmd => ['readelf', '-W', $option, $file]);
	die "readelf: $said->{err}" if $said->{exit} ne '0';
	return $said->{out};
}

# Everything that is wrong with a program.
sub complaints {
	my ($file) = @_;
	my $dynamic = readelf('-d', $file);
	my $segments = readelf('-l', $file);
	my $symbols = readelf('--dyn-syms', $file);
	my @all = (
		['no position-independent program',
		    readelf('-h', $file) =~ /^\s*Type:\s+DYN\b/m
		    && $dynamic =~ /\(FLAGS_1\).*\bPIE\b/],
		['relocations stay writable', $segments =~ /\bGNU_RELRO\b/],
		['symbols are bound late',
		    $dynamic =~ /\bBIND_NOW\b|\(FLAGS_1\).*\bNOW\b/],
		['no canary', $symbols =~ /\b__stack_chk_fail\b/],
		['no checked copies',
		    $symbols =~ /\b__(?:mem|str|v?s?n?printf|v?f?printf|f?read|realpath|poll)\w*_chk\b/],
		['the stack can be run',
		    $segments =~ /\bGNU_STACK\b(?:\s+0x[0-9a-f]+){5} RW\s/],
		['libraries are looked for in odd places',
		    $dynamic !~ /\b(?:RPATH|RUNPATH)\b/],
		['code is relocated', $dynamic !~ /\bTEXTREL\b/],
	);
	# The linker's note says no more than the least of the system's own
	# startup files; so count the landing places of indirect jumps.
	push @all, ['jumps are not guarded',
	    (() = slurp($file) =~ /\xf3\x0f\x1e\xfa/g) > 50]
	    if readelf('-h', $file) =~ /X86-64/;
	return map { $_->[1] ? () : $_->[0] } @all;
}

SKIP: {
	my $worker = slurp(program('strongroom.fcgi'));
	skip 'built with a sanitizer or for coverage', 1
	    if $worker =~ /__[at]san_init|__gcov_/;
	for my $name (qw(strongroom.fcgi strongroom)) {
		is(join('; ', complaints(program($name))), '',
		    "$name: nothing is missing");
	}
}

# The control: the same of a program that was built with none of it.
SKIP: {
	my $house = house(init => 0);
	my $source = spew("$house->{dir}/soft.c", <<'END');
#include <string.h>
int
main(int argc, char **argv)
{
	char copy[64];

	strcpy(copy, argv[argc - 1]);
	return (copy[0]);
}
END
	my $soft = "$house->{dir}/soft";
	my $built = run(cmd => [split(' ', 'cc -O2 -w -U_FORTIFY_SOURCE -no-pie '
	    . '-fno-pie -fno-stack-protector -fcf-protection=none '
	    . '-Wl,-z,norelro -Wl,-z,lazy -Wl,-z,execstack -Wl,-rpath,/tmp -o'),
	    $soft, $source]);
	skip 'no compiler that builds such a program', 1
	    if $built->{exit} ne '0';
	is(join('; ', complaints($soft)), join('; ',
	    'no position-independent program',
	    'relocations stay writable', 'symbols are bound late', 'no canary',
	    'no checked copies', 'the stack can be run',
	    'libraries are looked for in odd places',
	    readelf('-h', $soft) =~ /X86-64/ ? 'jumps are not guarded' : ()),
	    'a program that was built without is found out');
}

finish();
