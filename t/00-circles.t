#!/usr/bin/perl
# No two files of src/ call each other, be it by way of others: so that each
# can be read with those alone that stand below it. What the linker knows says
# so, whatever they include.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Proc qw(run);

# Of lines of nm -A: which object takes a name from which, as {user}{owner}.
sub ties {
	my (@lines) = @_;
	my (%owner, %wants, %tie);
	for (@lines) {
		my ($object, $kind, $name) =
		    /([^:\/]+)\.o:[\s0-9a-f]* ([A-Z]) (\S+)\z/ or next;
		$kind eq 'U' ? push(@{ $wants{$object} }, $name)
		    : ($owner{$name} = $object);
	}
	for my $object (keys %wants) {
		for my $name (@{ $wants{$object} }) {
			my $of = $owner{$name} // next;
			$tie{$object}{$of} = $name if $of ne $object;
		}
	}
	return \%tie;
}

# What is left when those are taken away, again and again, that take nothing
# from what is there, or from which nothing there is taken.
sub circles {
	my ($tie) = @_;
	my %left = map { $_ => { %{ $tie->{$_} } } } keys %$tie;
	my $count = -1;
	while (keys %left != $count) {
		$count = keys %left;
		my %taken = map { map { $_ => 1 } keys %$_ } values %left;
		for my $object (keys %left) {
			delete @{ $left{$object} }{
			    grep { !$left{$_} } keys %{ $left{$object} } };
			delete $left{$object} if !$taken{$object}
			    || !%{ $left{$object} };
		}
	}
	return map { my $user = $_; map { "$user takes $left{$user}{$_} of $_" }
	    sort keys %{ $left{$user} } } sort keys %left;
}

my @two = ('lib.a:a.o:00 T a_one', 'lib.a:a.o:   U b_one',
    'lib.a:b.o:00 T b_one', 'lib.a:b.o:   U c_one', 'lib.a:b.o:   U free',
    'lib.a:c.o:00 D c_one', 'lib.a:d.o:   U a_one');
is(join(', ', circles(ties(@two))), '', 'a line of files is no circle');
is(join(', ', circles(ties(@two, 'lib.a:c.o:   U a_one'))),
    'a takes b_one of b, b takes c_one of c, c takes a_one of a',
    'but this is one');

my $nm = run(cmd => [$ENV{NM} // 'nm', '-A', program('libstrongroom.a')]);
my $tie = ties(split /\n/, $nm->{out});
SKIP: {
	skip 'nm does not know what the objects of this build have', 2
	    if !$tie->{sqlite_query};
	cmp_ok(scalar keys %$tie, '>', 100, 'files that take from others');
	is(join("\n", circles($tie)), '', 'none of them in a circle');
}
done_testing();
