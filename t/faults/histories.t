#!/usr/bin/perl
# Eight clients save, change, delete, lease, reveal and read ten integrations
# at once, by two workers and by CGI, while one or the other is killed. What
# they were told is a history, and histories.py looks for an order in which
# each operation takes place at one moment between its request and its answer.
# A history that has none is kept in the build's directory, and can be tried
# again by hand.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::History qw(histories history judged kills open_house seed
    strange_rows);
use Strongroom::Inject;
use Strongroom::Json qw(encode);
use Strongroom::Proc qw(run stop);

plan skip_all => 'python3 is missing'
    if run(cmd => ['python3', '-c', '1'])->{exit} ne '0';

my $histories = rounds(10, 100);

# By one worker or the other, and at times by a CGI process, which may die at
# one of its writes.
sub doors {
	my ($house, $workers, $dies) = @_;
	return sub {
		my (%o) = @_;
		return $house->fcgi(socket => $workers->[rand @$workers]{socket},
		    %o) if rand() < 0.93;
		return $house->cgi(%o, env => $dies && rand() < 0.4
		    ? inject($house, 'change:' . (rand() < 0.5 ? 'kill:'
		    : 'tear:') . (1 + int rand 6)) : {});
	};
}

# -- the search itself

sub op {
	my ($began, $ended, %op) = @_;
	return encode({ object => 'o', client => 0, began => $began,
	    defined $ended ? (ended => $ended) : (), %op });
}
my %made = (op => 'save', status => 200, id => 'a', revision => 1,
    sets => 't1');
my %read = (op => 'reveal', of => 'a', status => 200, revision => 1,
    token => 't1');
my %patch = (op => 'change', of => 'a', sets => 't2');
my @known = (
	[1, 'one after the other', op(1, 2, %made), op(3, 4, %read)],
	[0, 'a token that nobody has set', op(1, 2, %made),
	    op(3, 4, %read, token => 't9')],
	[1, 'a reveal beside a change sees either', op(1, 2, %made),
	    op(3, 9, %patch, status => 200, revision => 2), op(4, 5, %read)],
	[0, 'but not the former behind the latter', op(1, 2, %made),
	    op(3, 9, %patch, status => 200, revision => 2),
	    op(4, 5, %read, token => 't2', revision => 2), op(6, 7, %read)],
	[1, 'a change without an answer was made', op(1, 2, %made),
	    op(3, undef, %patch), op(6, 7, %read, token => 't2', revision => 2)],
	[1, 'or was not', op(1, 2, %made), op(3, undef, %patch),
	    op(6, 7, %read)],
	[0, 'but not both', op(1, 2, %made), op(3, undef, %patch),
	    op(4, 5, %read, token => 't2', revision => 2), op(6, 7, %read)],
	[0, 'two that had one revision for their condition', op(1, 2, %made),
	    op(3, 6, %patch, if_revision => 1, status => 200, revision => 2),
	    op(3, 6, %patch, if_revision => 1, status => 200, revision => 3)],
	[1, 'of which one was refused', op(1, 2, %made),
	    op(3, 6, %patch, if_revision => 1, status => 412),
	    op(3, 6, %patch, if_revision => 1, status => 200, revision => 2)],
	[0, 'a save that is lost', op(1, 2, %made),
	    op(3, 4, op => 'read', of => 'a', status => 404)],
	[0, 'a lease that two have', op(1, 2, %made), map { op(3, 4,
	    op => 'lease', of => 'a', status => 200, revision => 1,
	    lease => $_) } 'l1', 'l2'],
	[0, 'an id that comes again', op(1, 2, %made), op(3, 4,
	    op => 'delete', of => 'a', status => 200), op(5, 6, %made)],
	[1, 'another one', op(1, 2, %made), op(3, 4, op => 'delete', of => 'a',
	    status => 200), op(5, 6, %made, id => 'b'), op(7, 8, op => 'read',
	    of => 'a', status => 404)],
);

my $house = open_house();
for my $case (@known) {
	my ($good, $name, @lines) = @$case;
	spew("$house->{dir}/known", join '', map { "$_\n" } @lines);
	is(judged("$house->{dir}/known") eq '' ? 1 : 0, $good,
	    ($good ? 'can be' : 'cannot be') . ": $name");
}

# -- the service

my @workers = map { $house->worker } 1, 2;
my ($operations, $unknown, @wrong) = histories($house, $histories, sub {
	my ($number) = @_;
	my $kills = $number % 3 == 0 ? 0 : 4;
	return (doors($house, \@workers, $kills > 0),
	    kills($house, \@workers, $kills));
});
is(join("\n", @wrong), '', 'every history can be')
    || diag('SR_SEED=', seed(), '; kept in ', program('.'));
cmp_ok($unknown, '>', 0, 'kills have left requests without an answer');
is(join("\n", strange_rows($house)), '', 'each change has its row in the '
    . 'audit, each row its change');
is($house->admin('audit', 'verify')->{exit}, 0, 'the audit is whole');
is($house->admin('check')->{exit}, 0, 'every box opens');
figure("$histories histories of 8 clients, $operations "
    . "operations, $unknown without an answer: " . @wrong
    . ' cannot be (0)');

# -- controls

# A service that has no compare-and-swap: conditions do not get to it.
my $control = open_house(name => 'blind');
@workers = map { $control->worker } 1, 2;
my $blind = sub {
	my (%o) = @_;
	my @headers = @{ $o{headers} // [] };
	$o{headers} = [] if @headers && $headers[0] eq 'If-Match';
	return $control->fcgi(socket => $workers[rand 2]{socket}, %o);
};
my $found = judged((history($control, 1, $blind))[0]);
isnt($found, '', 'control: without a compare-and-swap a history cannot be');
my ($least) = sort { $a <=> $b } $found =~ /: (\d+) of \d+ operations/g;

# One that answers before it commits, and is killed.
my $early = open_house(name => 'early');
my $env = inject($early, 'commit:early:1+:50');
@workers = ($early->worker(env => $env));
my $lost = judged((history($early, 1,
    sub { $early->fcgi(socket => $workers[0]{socket}, @_) },
    kills($early, \@workers, 4, $env)))[0]);
isnt($lost, '', 'control: nor where answers come before the commit');
stop($workers[0]{pid}, signal => 'KILL');
$workers[0]{stopped} = 1;
control("without a compare-and-swap: found, in $least operations; answers "
    . 'before the commit: found');

finish();
