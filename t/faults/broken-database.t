#!/usr/bin/perl
# A database whose bytes were flipped, zeroed, cut or swapped, and its log and
# its shared memory too. Nothing crashes; who cannot go on says so; a box opens
# to what was saved, or not at all; what is answered 200 now is there.

use strict;
use warnings;
use File::Copy qw(copy);
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run stop running wait_until);
use Strongroom::Seed;

alarm(full() ? 7200 : 300);
my $PAGE = 4096;
my @suffixes = ('', '-wal', '-shm');

# A house with rows in the database and in its log, and what they hold.
my $house = house();
seeded(17);
my %auth;
my $save = sub {
	my ($n) = @_;
	my $text = qq({"access_token":"token-$n-) . 'z' x ($n * 97 % 6000) . '"}';
	my $data = decode($house->fcgi(body => with_auth($text,
	    qq("unique_identifier":"u$n",)))->{body})->{data};
	$auth{$data->{integration_id}} = $text;
};
$house->worker;
$save->($_) for 1 .. 25;
$house->stop_worker;
my $second = $house->worker;
$save->($_) for 26 .. 50;
# The log is kept: a kill ends this worker.
stop($second->{pid}, signal => 'KILL');
$second->{stopped} = 1;
my %whole = map { ($_ => -e "$house->{database}$_"
    ? slurp("$house->{database}$_") : '') } @suffixes;
cmp_ok(length $whole{$_}, '>', 4 * $PAGE, "there is a database$_")
    for '', '-wal';

sub put_back {
	my (%bytes) = @_;
	spew("$house->{database}$_", $bytes{$_}, 0600) for @suffixes;
}

# One way of breaking one file: its name and the bytes.
my %break = (
	'a bit' => sub {
		my ($bytes, $at) = @_;
		substr($bytes, $at, 1) = chr(ord(substr $bytes, $at, 1)
		    ^ 1 << int rand 8);
		return $bytes;
	},
	'a byte of the head' => sub {
		my ($bytes) = @_;
		my $at = int rand 100;
		substr($bytes, $at, 1) = chr int rand 256;
		return $bytes;
	},
	'20 bytes' => sub {
		my ($bytes) = @_;
		substr($bytes, int rand length $bytes, 1) = chr int rand 256
		    for 1 .. 20;
		return $bytes;
	},
	'a page of zeros' => sub {
		my ($bytes, $at) = @_;
		$at -= $at % $PAGE;
		my $n = $PAGE < length($bytes) - $at ? $PAGE
		    : length($bytes) - $at;
		substr($bytes, $at, $n) = "\0" x $n;
		return $bytes;
	},
	'a page of noise' => sub {
		my ($bytes, $at) = @_;
		$at -= $at % $PAGE;
		my $n = $PAGE < length($bytes) - $at ? $PAGE
		    : length($bytes) - $at;
		substr($bytes, $at, $n) = join '', map { chr int rand 256 }
		    1 .. $n;
		return $bytes;
	},
	'two pages swapped' => sub {
		my ($bytes) = @_;
		my $pages = int(length($bytes) / $PAGE);
		my ($i, $j) = map { $PAGE * int rand $pages } 1, 2;
		my $page = substr $bytes, $i, $PAGE;
		substr($bytes, $i, $PAGE) = substr $bytes, $j, $PAGE;
		substr($bytes, $j, $PAGE) = $page;
		return $bytes;
	},
	'a cut' => sub { substr $_[0], 0, $_[1] },
	'a cut at a page' => sub { substr $_[0], 0, $_[1] - $_[1] % $PAGE },
	'its end twice' => sub {
		my ($bytes) = @_;
		return $bytes . substr $bytes, -$PAGE;
	},
	'nothing left' => sub { '' },
);

my %seen = map { $_ => 0 } qw(opened refused saved exported unsaved started
    stayed);
my @wrong;
my $last = '';	# refusal of a save

sub note_end {
	my ($case, $what, $end, $log) = @_;
	push @wrong, "$case: $what ends with $end: "
	    . substr $log, -300 if $end =~ /signal|still/;
	push @wrong, "$case: $what fails without a word"
	    if $end =~ /\A[1-9]/ && $log !~ /\S/;
}

# Whether what a box opened to is what was saved.
sub note_reveal {
	my ($case, $id, $ran) = @_;
	note_end($case, 'reveal', $ran->{exit}, "$ran->{out}$ran->{err}");
	if ($ran->{exit} ne '0') {
		$seen{refused}++;
	} elsif ($ran->{out} eq ($auth{$id} // '')) {
		$seen{opened}++;
	} else {
		push @wrong, "$case: $id opens to something else: "
		    . substr $ran->{out}, 0, 60;
	}
}

# What an export has of a row. A reveal is counted before it is handed out, so
# that it is refused where the count's own page is broken; a row is had then by
# an export.
sub exported {
	my ($id) = @_;
	my $ran = $house->admin('export', '--in-clear');
	return map { /"auth_data":(.*)\}\z/ } grep { index($_, qq("$id")) >= 0 }
	    split /\n/, $ran->{out};
}

# A save, and whether it can be had again where it was answered 200.
sub note_save {
	my ($case, $got, $text) = @_;
	if ($got->{status} == 200) {
		my $id = decode($got->{body})->{data}{integration_id};
		my $ran = $house->admin('integration', 'reveal', $id);
		$auth{$id} = $text;
		$seen{saved}++;
		return if $ran->{exit} eq '0' && $ran->{out} eq $text;
		$seen{exported}++;
		push @wrong, "$case: a save that got 200 is not there: "
		    . $ran->{err} if join('', exported($id)) ne $text;
	} elsif ($got->{status} =~ /\A(?:401|500|503|507)\z/) {
		# 401: the page that had the key is gone, and looks empty.
		$seen{unsaved}++;
		$last = "$got->{status}: $got->{body} " . ($got->{err} // '');
	} else {
		push @wrong, "$case: a save gets $got->{status}: $got->{body}";
	}
}

sub try_all {
	my ($case) = @_;
	my $n = ++$seen{cases};
	my @ids = sort keys %auth;
	my $check = $house->admin('check');
	note_end($case, 'check', $check->{exit}, "$check->{out}$check->{err}");
	my $list = $house->admin('integration', 'list', '--json');
	note_end($case, 'list', $list->{exit}, $list->{err});
	note_reveal($case, $_, $house->admin('integration', 'reveal', $_))
	    for map { $ids[rand @ids] } 1 .. 3;
	my $text = qq({"access_token":"cgi-$n"});
	my $cgi = $house->cgi(body => with_auth($text));
	note_end($case, 'CGI', $cgi->{exit}, "$cgi->{err}");
	push @wrong, "$case: CGI does not answer" if $cgi->{status} == 0;
	note_save($case, $cgi, $text) if $cgi->{status} != 0;

	my $worker = $house->worker(ready => 0);
	wait_until(20, sub {
		return 1 if !running($worker->{pid});
		my $said = $house->fcgi(method => 'GET', path => '/healthz',
		    key => undef, type => undef, seconds => 20);
		return $said->{status} != 599;
	});
	if (running($worker->{pid})) {
		$seen{started}++;
		$text = qq({"access_token":"fcgi-$n"});
		my $got = $house->fcgi(body => with_auth($text), seconds => 20);
		if (running($worker->{pid}) && $got->{status} != 599) {
			note_save($case, $got, $text);
			$seen{stayed}++;
		}
	}
	my $end = $house->stop_worker($worker);
	my $log = slurp($worker->{log});
	note_end($case, 'the worker', $end->{exit}, $log);
	push @wrong, "$case: the worker ends with $end->{exit}"
	    if $end->{exit} !~ /\A(?:0|65|66|77)\z/;
	unlink $worker->{log};
}

# The files as they are, first.
put_back(%whole);
my %kept = %auth;
try_all('nothing broken');
is("@wrong", '', 'whole files: nothing is wrong') || BAIL_OUT('no ground');
is($seen{opened}, 3, 'all boxes open');
is($seen{saved}, 2, 'and saves are taken') || diag($last);

my @ways = sort keys %break;
my $cases = rounds(60, 500);
for my $i (1 .. $cases) {
	my $suffix = $suffixes[$i % 10 < 6 ? 0 : $i % 10 < 9 ? 1 : 2];
	my $way = $ways[rand @ways];
	my %bytes = %whole;
	my $at = int rand length $bytes{$suffix} || 1;
	next if $bytes{$suffix} eq '';
	$bytes{$suffix} = $break{$way}->($bytes{$suffix}, $at);
	%auth = %kept;
	put_back(%bytes);
	# Now and then without the shared memory, as after a boot.
	unlink "$house->{database}-shm" if $suffix ne '-shm' && rand() < 0.5;
	try_all("$way at $at in the database$suffix");
}
is(scalar @wrong, 0, "$cases broken databases")
    || diag(join "\n", @wrong[0 .. ($#wrong > 14 ? 14 : $#wrong)]);
figure("$cases broken databases: $seen{opened} boxes opened to what was "
    . "saved, $seen{refused} refused; $seen{saved} saves kept "
    . "($seen{exported} had by export alone), $seen{unsaved} refused; "
    . @wrong . ' wrong (0)');

# The control. The comparing sees a wrong plaintext: another row's, as a
# service would show that does not bind a box to its row. This one refuses.
%auth = %kept;
put_back(%whole);
my ($one, $other) = sort keys %auth;
my $mark = @wrong;
my $shown = $house->admin('integration', 'reveal', $other);
note_reveal('another box', $one, $shown);
is(@wrong - $mark, 1, 'another row\'s plaintext is seen');
my ($opened, $refused) = @seen{qw(opened refused)};
$house->tamper("UPDATE integrations SET auth_data = (SELECT auth_data FROM "
    . "integrations WHERE integration_id = '$other') "
    . "WHERE integration_id = '$one'");
note_reveal('a box in another row', $one,
    $house->admin('integration', 'reveal', $one));
is($seen{refused} - $refused, 1, 'a box in another row does not open');
is($house->admin('check')->{exit}, 1, 'and check finds it');
control('the plaintext of another row is seen as wrong; a box that SQL has '
    . 'put into another row is refused, and check finds it');
finish();
