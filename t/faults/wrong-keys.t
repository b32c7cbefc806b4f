#!/usr/bin/perl
# Keys that are none: random ones, and some that are nearly right. All are
# refused, nothing is written for them, and how long that takes tells nobody
# whether the public id in one is known.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Preload;
use Strongroom::Proc qw(run);

alarm(full() ? 7200 : 300);
my $client = tool('wrong_keys', source() . '/t/faults/timed.c',
    qw(-lsodium -lm));

sub client {
	my ($house, $how, $count) = @_;
	my $ran = run(cmd => [$client, $how, $house->{worker}{socket},
	    $house->key, $count, int rand 1e9], seconds => 7200,
	    env => Strongroom::clean_env());
	is($ran->{exit}, 0, "$how: all were answered")
	    || diag($ran->{out}, $ran->{err});
	return $ran->{out};
}

# What the database is, byte for byte.
sub bytes_of {
	my ($house) = @_;
	return { map { ($_ => -e $_ ? slurp($_) : '') }
	    map { "$house->{database}$_" } '', '-wal' };
}

my $house = house(conf => { log_level => 'error' });
$house->key('other');
$house->worker;
$house->fcgi(body => with_auth('{"access_token":"t"}'));
my $before = bytes_of($house);
my $count = rounds(20_000, 1_000_000);
my $said = client($house, 'ask', $count);
like($said, qr/^status 401: $count$/m, 'each wrong key: 401')
    || diag($said);
like($said, qr/^right: 422$/m, 'and the right one goes further');
my $after = bytes_of($house);
for my $file (sort keys %$before) {
	ok($before->{$file} eq $after->{$file}, 'not a byte was written to '
	    . $file =~ s/.*\///r);
}
cmp_ok(length $before->{"$house->{database}-wal"}, '>', 0,
    'there is a log to look at');
my ($refused) = $said =~ /^status 401: (\d+)$/m;

# Time. Gross: 5 % of a request, and not by chance.
sub difference {
	my ($house) = @_;
	my ($unknown, $known, $z) = split ' ', client($house, 'time',
	    rounds(4_000, 100_000));
	return { unknown => $unknown, known => $known, z => $z,
	    is_gross => abs($z) > 6 && abs($known - $unknown) > $unknown / 20,
	    text => sprintf 'medians %.1f and %.1f us, z %.1f',
	    $unknown / 1000, $known / 1000, $z };
}

# A second look where the first saw something: the machine may have been busy.
my $time = difference($house);
$time = difference($house) if $time->{is_gross};
ok(!$time->{is_gross}, 'an unknown id takes as long as a wrong secret')
    || diag($time->{text});
figure(($refused // 0) . " of $count wrong keys refused, no byte written; unknown "
    . "id against wrong secret: $time->{text} (5 %, z 6)");

SKIP: {
	skip 'sanitizers want to be preloaded first', 1 if slow() > 1;
	my $leaky = house(conf => { log_level => 'error' });
	my $id = substr $leaky->key, 0, 12;
	$leaky->worker(env => { preload('slow_known'), SR_KNOWN => $id,
	    SR_SLOW_NS => 10_000 });
	my $found = difference($leaky);
	ok($found->{is_gross}, 'ten microseconds for a known id are seen')
	    || diag($found->{text});
	control("10 us more for a known id: $found->{text}");
	# And a key that is known is not refused by the same client.
	like(client($leaky, 'ask', 12), qr/^right: 422$/m,
	    'the client would tell');
}
finish();
