#!/usr/bin/perl
# Lines of an import that share a commit: what comes of each is what would have
# come of it alone, none is told before it is on the disk, and nobody waits for
# lines that are not there yet.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(start stop run running reap wait_until pause);
use Strongroom::Trace;

my $jira = '"name":"x","integration_type":"jira"';

# A line with a token; more of it in the text.
sub line {
	my ($identifier, $more) = @_;
	return "{$jira,\"created_by\":\"b\",\"unique_identifier\":"
	    . "\"$identifier\",\"auth_data\":{\"access_token\":\"t\"}"
	    . ($more // '') . '}';
}

# Outcome, who and why of each line that was told, in their order.
sub told {
	my ($out) = @_;
	return map { decode($_) } split /\n/, $out;
}

# The same house, a fresh one each time.
my $count = 0;
sub fresh { house(name => 'h' . ++$count, @_) }

# -- one by one, and together

{
	srand 20260115;
	my @ids = map { "00000000-0000-4000-8000-00000000000$_" } 1 .. 5;
	my @lines = map {
		my $one = sub { $_[rand @_] };
		my %has = (name => '"n"', integration_type =>
		    $one->('"jira"', '"jira"', '"slack"'),
		    created_by => $one->('"a"', '"b"'));
		$has{unique_identifier} = '"u' . int(rand 12) . '"'
		    if rand() < 0.8;
		$has{integration_id} = '"' . $one->(@ids) . '"'
		    if rand() < 0.3;
		$has{auth_data} = $one->('null', "{\"access_token\":\"t$_\"}")
		    if rand() < 0.8;
		$has{name} = '""' if rand() < 0.1;
		rand() < 0.05 ? '{' : '{' . join(',', map { "\"$_\":$has{$_}" }
		    sort keys %has) . '}';
	} 1 .. 100;
	# Ids that were made differ from house to house.
	my $same = sub {
		my ($text) = @_;
		my $known = join '|', @ids;
		return $text =~ s/(?!$known)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-
		    [0-9a-f]{12}/fresh/grx =~ s/"line":\d+,//gr;
	};
	my ($alone, $together) = (fresh(), fresh());
	my @alone = map { $alone->admin('import', '--json',
	    { stdin => $_ })->{out} } @lines;
	my $all = $together->admin('import', '--json',
	    { stdin => join "\n", @lines });
	is($same->($all->{out}), $same->(join '', @alone),
	    'lines that share a commit are told what each is told alone');
	my %count;
	$count{ $_->{outcome} }++ for told($all->{out});
	cmp_ok($count{$_} // 0, '>=', 5, "many are $_")
	    for qw(imported exists refused);
	my $rows = sub {
		join "\n", map { s/"(?:created|updated)_at":"[^"]*",?//gr }
		    sort map { $same->($_) } split /\n/,
		    $_[0]->admin_ok(qw(export --in-clear));
	};
	is($rows->($together), $rows->($alone), 'and so they are stored');
}

# -- whoever waits for an answer before he sends more

sub import_from_pipe {
	my ($house, @args) = @_;
	pipe my $from, my $to or die "pipe: $!";
	$to->autoflush;
	my $out = "$house->{dir}/told";
	my $err = "$house->{dir}/log/import";
	my $pid = start(cmd => [program('strongroom'), '--config',
	    $house->{conf}, 'import', @args], stdin => $from, stdout => $out,
	    stderr => $err, env => Strongroom::clean_env());
	return { pid => $pid, to => $to, out => $out, err => $err };
}

# As soon as so many lines are told.
sub tells {
	my ($import, $lines, $name) = @_;
	my $is_told = wait_until(60 * slow(), sub {
		($lines == (() = slurp($import->{out}) =~ /\n/g))
		    || !running($import->{pid});
	});
	is(scalar(() = slurp($import->{out}) =~ /\n/g), $lines, $name);
}

sub ends {
	my ($import, $name) = @_;
	close $import->{to};
	is(reap($import->{pid}, 60 * slow()), 0, $name)
	    || diag(slurp($import->{err}));
}

{
	my $house = fresh();
	my $import = import_from_pipe($house);
	my $to = $import->{to};
	print {$to} "[]\n";
	tells($import, 1, 'a short line is told while there is no other');
	print {$to} line('a') . "\n" . line('b') . "\n" . substr line('c'), 0, 9;
	tells($import, 3, 'and so are two with a part of a third');
	is(scalar @{ $house->integrations }, 2, 'which are stored');
	is($house->admin(qw(key create --user u))->{exit}, 0,
	    'and hold up nobody who stores something');
	print {$to} substr(line('c'), 9) . "\n\n" . line('a');
	tells($import, 4, 'the third is told when it is whole');
	close $to;
	is(reap($import->{pid}, 60 * slow()), 1 << 8, 'a line was refused');
	like(slurp($import->{err}), qr/^6 lines: 3 imported, 1 there already, /m,
	    'and the last one needs no end');
	is(slurp($import->{out}) =~ s/^(\d+\t\w+).*/$1/gmr, "1\trefused\n"
	    . "2\timported\n3\timported\n4\timported\n6\texists\n",
	    'all in their order');
}

# A parcel has pieces, and a line may be in two of them.
{
	my ($house, $there) = (fresh(), fresh());
	my $lines = join "\n", map { line("p$_", ',"metadata":{"note":"'
	    . 'n' x 400 . '"}') } 1 .. 300;
	$house->admin_ok('import', { stdin => $lines });
	my $public = $there->admin_ok('recipient', 'create',
	    "$there->{dir}/secret");
	chomp $public;
	my $parcel = $house->admin_ok('export', '--recipient', $public);
	my $import = import_from_pipe($there, '--identity',
	    "$there->{dir}/secret");
	my $to = $import->{to};
	print {$to} substr $parcel, 0, 80_000;
	ok(wait_until(60 * slow(), sub { -s $import->{out} }),
	    'a piece of a parcel is dealt with while the next is awaited');
	my $clear = $house->admin_ok(qw(export --in-clear));
	tells($import, scalar(() = substr($clear, 0, 65536) =~ /\n/g),
	    'all lines of it');
	print {$to} substr $parcel, 80_000;
	ends($import, 'and the rest when it is there');
	is($there->admin_ok(qw(export --in-clear)), $clear, 'all is the same');
}

# -- what was told is stored

{
	my $house = fresh(init => 0);
	my $dir = "$house->{dir}/disk";
	mkdir $dir, 0700 or die "$dir: $!";
	my $db = "$dir/strongroom.db";
	$house->write_conf(database => $db);
	$house->admin_ok('init');
	my ($trace, $why) = trace($dir);
	SKIP: {
		skip $why, 4 if !$trace;
		my $lines = "$house->{dir}/lines";
		spew($lines, join "\n", map { line("s$_") } 1 .. 200);
		$trace->forget;
		my $pid = start(cmd => [program('strongroom'), '--config',
		    $house->{conf}, 'import'], stdin => $lines,
		    stdout => "$dir/told", stderr => "$house->{dir}/log/import",
		    env => Strongroom::clean_env(%{ $trace->env }));
		is(reap($pid, 60 * slow()), 0, 'an import of 200 lines');
		my ($is_dirty, $syncs, $early, $told) = (0, 0, 0, 0);
		for ($trace->lines) {
			$is_dirty = 1 if $_ eq "write\t$db-wal";
			($is_dirty, $syncs) = (0, $syncs + $is_dirty)
			    if $_ eq "sync\t$db-wal";
			($early, $told) = ($early + $is_dirty, $told + 1)
			    if $_ eq "write\t$dir/told";
		}
		cmp_ok($told, '>=', 4, 'tells them in several parts');
		is($early, 0, 'each when it is on the disk');
		cmp_ok($syncs, '<=', 8, 'of one sync for many lines');
	}
}

sub imported { map { (split /"/)[1] } grep { /^\d+\timported\t/ }
    split /\n/, $_[0] }

SKIP: {
	skip 'strace is missing', 1
	    if run(cmd => ['strace', '-o', '/dev/null', 'true'])->{exit} ne '0';
	my $house = fresh();
	# LeakSanitizer does not work beneath ptrace(2).
	my %asan = slow() > 1 ? (ASAN_OPTIONS => join ':', grep { defined }
	    $ENV{ASAN_OPTIONS}, 'detect_leaks=0') : ();
	my ($kills, @lies, @lost) = (0);
	for my $at ((map { "fdatasync $_" } 1 .. 6), (map { "write $_" } 1 .. 8),
	    (map { "pwrite64 $_" } 1 .. 40)) {
		my ($call, $n) = split / /, $at;
		my @names = map { "$call-$n-$_" } 1 .. 200;
		my $lines = join "\n", map { line($_) } @names;
		my $ran = run(cmd => ['strace', '-qq', '-o', '/dev/null',
		    '-e', "trace=$call", '-e', "inject=$call:signal=KILL:when=$n",
		    program('strongroom'), '--config', $house->{conf}, 'import'],
		    stdin => $lines, env => Strongroom::clean_env(%asan));
		last if $call eq 'pwrite64' && $ran->{exit} eq '0';
		$kills++ if $ran->{exit} ne '0';
		my %stored = map { $_->{unique_identifier} => 1 } $house->rows(
		    'SELECT unique_identifier FROM integrations');
		push @lies, grep { !$stored{$_} } imported($ran->{out});
		next if $kills % 4 != 1;
		my $again = $house->admin('import', { stdin => $lines });
		push @lost, $at if $again->{exit} ne '0';
		%stored = map { $_->{unique_identifier} => 1 } $house->rows(
		    'SELECT unique_identifier FROM integrations');
		push @lost, grep { !$stored{$_} } @names;
	}
	cmp_ok($kills, '>=', 15, "killed $kills times");
	is("@lies", '', 'what was told is stored');
	is("@lost", '', 'and run again it goes on');
	is($house->admin('check')->{exit}, 0, 'all that is stored is whole');
}

# -- what stops it

{
	my $house = fresh();
	my @lines = map { line("f$_") } 1 .. 100;
	$lines[79] = line('f80', ',"scope_data":{"x":"' . 'x' x 300_000 . '"}');
	my $within = sub {
		return run(cmd => ['/bin/sh', '-c', "ulimit -f $_[0]"
		    . ' && exec "$@"', 'sh', program('strongroom'), '--config',
		    $house->{conf}, 'import'], stdin => join("\n", @lines),
		    env => Strongroom::clean_env());
	};
	my $full = $within->(600);
	is($full->{exit}, 1, 'a disk that is full: exit 1');
	my @stored = imported($full->{out});
	is(scalar @stored, 64, 'what was stored is told');
	like($full->{err}, qr/ stopped at line 65; all lines before it /,
	    'and where it has stopped');
	is(scalar @{ $house->integrations }, 64, 'and nothing else is stored');
	my $more = $house->admin('import', { stdin => join "\n", @lines });
	is($more->{exit}, 0, 'run again it goes on');
	is(scalar imported($more->{out}), 36, 'with the others');
}

# Nobody reads what is told: it stops at once.
{
	my $house = fresh();
	my $ran = run(cmd => ['sh', '-c', 'exec "$@" >/dev/full', 'sh',
	    program('strongroom'), '--config', $house->{conf}, 'import'],
	    stdin => join("\n", map { line("o$_") } 1 .. 300),
	    env => Strongroom::clean_env());
	is($ran->{exit}, 1, 'what is told finds no room: exit 1');
	like($ran->{err}, qr/standard output cannot be written whole: No space/,
	    'and a line that says so');
	cmp_ok(scalar @{ $house->integrations }, '<=', 64,
	    'and no more is stored');
}

# -- the log, at any time

{
	my $house = fresh();
	my $lines = "$house->{dir}/lines";
	spew($lines, join "\n", map { line("l$_", ',"scope_data":{"x":"'
	    . 'x' x 20_000 . '"}') } 1 .. 2000);
	my $pid = start(cmd => [program('strongroom'), '--config',
	    $house->{conf}, 'import'], stdin => $lines,
	    stderr => "$house->{dir}/log/import",
	    env => Strongroom::clean_env());
	my $longest = 0;
	while (running($pid)) {
		my $len = -s "$house->{database}-wal" // 0;
		$longest = $len if $len > $longest;
		pause(0.002);
	}
	is(reap($pid, 1), 0, 'an import of 40 MB');
	cmp_ok($longest, '>', 1 << 20, 'has a log that is seen');
	cmp_ok($longest, '<=', 16 << 20, 'of 16 MiB at most');
}

finish();
