#!/usr/bin/perl
# A page of the database is damaged, and one client saves a row on it again and
# again. That save fails; those that are committed together with it do not.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect);
use Strongroom::Proc qw(launch);

my $PAGE = 4096;
my ($clients, $saves) = (16, 60);

my $house = house(conf => { log_level => 'warning' });

sub body { "{\"name\":\"n\",\"integration_type\":\"jira\",\"auth_data\":"
    . "{\"access_token\":\"$_[1]\"},\"unique_identifier\":\"$_[0]\"}" }

# Rows before the one that is lost, and behind it.
$house->worker;
saved_ok($house->fcgi(body => body($_, 'first')), "row $_ is saved")
    for map({ "before-$_" } 1 .. 12), 'victim', map { "behind-$_" } 1 .. 24;
$house->stop_worker;

# The leaf of the table that has the row: its kind is in its first byte.
my $bytes = slurp($house->{database});
my @pages = grep {
	my $page = substr $bytes, $_ * $PAGE, $PAGE;
	ord($page) == 0x0d && index($page, 'victim') >= 0;
} 1 .. length($bytes) / $PAGE - 1;
is(scalar @pages, 1, 'the row is on one page of the table');
substr($bytes, $pages[0] * $PAGE, $PAGE) = "\0" x $PAGE;
spew($house->{database}, $bytes, 0600);

# Save as the first client does, until the others have done; else, one row
# again and again and new ones.
sub client {
	my ($i, $over) = @_;
	my $sock = fcgi_connect($house->{worker}{socket});
	my (%count, $odd);
	for (my $n = 0; $i == 0 ? !-e $over : $n < $saves; $n++) {
		my $id = $i == 0 ? 'victim' : $n % 2 == 0 ? "own-$i"
		    : "own-$i-$n";
		my $got = $house->fcgi(sock => $sock, keep => 1,
		    body => body($id, "token-$i-$n"));
		$count{ $got->{status} }++;
		$odd //= "$got->{status}: $got->{body}"
		    if $got->{status} != ($i == 0 ? 500 : 200);
		$sock = fcgi_connect($house->{worker}{socket})
		    if $got->{status} == 599;
	}
	return (join(', ', map { "$count{$_} times $_" } sort keys %count),
	    $odd // '');
}

$house->worker;
my $over = "$house->{dir}/over";
my $victim = launch(1, sub { client(0, $over) });
my $others = launch($clients, sub { client(1 + $_[0], $over) });
my @said = $others->();
spew($over, '');
my ($said) = $victim->();
is($said->[1], '', 'who saves what is on the page is answered 500');
diag("the victim's: $said->[0]") if $said->[1] ne '';
is(join("\n", map { $_->[1] } grep { $_->[1] ne '' } @said), '',
    'and all others 200') || diag(join "\n", map { $_->[0] } @said);
error_is($house->fcgi(body => body('victim', 'last')), 500,
    'Database connection failed', 'which says that the database is at fault');
my $log = slurp($house->{worker}{log});
like($log, qr/malformed.*; see the disk and strongroom check/,
    'and the log what to do');

# What was answered 200 is there: row by row, for a list stops at the page.
my @lost = grep {
	my $i = $_;
	my ($row) = $house->rows("SELECT integration_id AS id "
	    . "FROM integrations "
	    . "WHERE created_by = '" . $house->user . "' AND "
	    . "unique_identifier = 'own-$i'");
	!$row || $house->reveal($row->{id}) ne "{\"access_token\":\"token-$i-"
	    . ($saves - 2) . '"}';
} 1 .. $clients;
is("@lost", '', 'each of them has stored its last');
my ($new) = $house->rows("SELECT count(*) AS n FROM integrations INDEXED BY "
    . "sqlite_autoindex_integrations_2 WHERE created_by = '" . $house->user
    . "' AND unique_identifier LIKE 'own-%'");
is($new->{n}, $clients * (1 + $saves / 2), 'and all that was new');
my $check = $house->admin('check');
is($check->{exit}, 1, 'check finds the page');

finish();
