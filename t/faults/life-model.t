#!/usr/bin/perl
# The life of an integration beside a model of the contract in another
# language: three users, all operations by chance, each answer byte for byte.
# SR_SEED chooses other chances.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Proc qw(run);
use Strongroom::Seed;

plan skip_all => 'python3 is missing'
    if run(cmd => ['python3', '-c', '1'])->{exit} ne '0';

alarm(full() ? 14_400 : 600);
my $count = rounds(10_000, 100_000);
my $seed = seeded(18);

# The first of each user's may do all; the others lack something.
my @kinds = (['save,read,reveal,verify,admin', 'all'], ['save,read', 'all'],
    ['save', 'all'], ['read', 'all'], ['reveal', 'all'], ['verify', 'all'],
    ['save,read,reveal,verify', 'jira,github'], ['save,read,metrics', 'all'],
    ['read,admin', 'jira,slack'], ['save,verify', 'sentry']);

sub keys_of {
	my ($house, $user) = @_;
	return map {
		my ($scopes, $types) = @$_;
		my $key = $house->admin_ok(qw(key create --user), $user,
		    '--scopes', $scopes,
		    $types eq 'all' ? () : ('--types', $types));
		chomp $key;
		"$user $key $scopes $types\n";
	} @kinds;
}

# A worker beside the model: what is said of it.
sub beside {
	my ($count, @rule) = @_;
	my $house = house(conf => { log_level => 'warning',
	    max_body => 65536 });
	my $file = spew("$house->{dir}/keys.txt", join '', map {
	    keys_of($house, $_) } qw(alice bob carol));
	$house->worker;
	my $ran = run(cmd => ['python3', '-B', source() . '/t/faults/life_model.py',
	    $house->{worker}{socket}, $seed, $count, $file, @rule],
	    env => Strongroom::clean_env(), seconds => full() ? 14_000 : 500);
	is($ran->{exit}, 0, "the comparison runs (@rule)")
	    || diag(substr $ran->{err}, 0, 4000);
	note($ran->{out});
	return ($house, $ran->{out});
}

my ($house, $out) = beside($count);
my ($asked, $differ) = $out =~ /^asked (\d+) differ (\d+)$/m;
is($differ, 0, 'no answer differs')
    || diag("SR_SEED=$seed\n", substr $out, -20_000);
cmp_ok($asked // 0, '>=', $count, 'all were asked');
my %status = $out =~ /(\d{3}): (\d+)/g;
cmp_ok($status{$_} // 0, '>', 0, "there were answers of $_")
    for 200, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422;
# What takes two requests that fit one another.
my %seen = reverse $out =~ /^seen (\d+) (.*)$/gm;
ok($seen{$_}, "there was $_") for 'PATCH /api/v2/integrations/{} 200 again',
    'POST /api/v2/integrations/save 200 again',
    'POST /api/v2/integrations/save 409',
    'PATCH /api/v2/integrations/{} 409',
    'POST /api/v2/integrations/{}/refresh-lease 409',
    'DELETE /api/v2/integrations/{}/refresh-lease 200',
    'POST /api/v2/api-keys/{}/rotate 200',
    'POST /api/v2/api-keys/{}/rotate 409';
cmp_ok($status{200} // 0, '>', ($asked // 0) / 3, 'and enough of 200');
is(join(' ', grep { /\A5/ } keys %status), '', 'and none of ours');
is($house->admin('check')->{exit}, 0, 'every box opens');
is($house->admin('audit', 'verify')->{exit}, 0, 'the audit is whole');
figure(($asked // 0) . ' requests of three users, ' . ($status{200} // 0)
    . ' times 200: ' . ($differ // '?') . ' answers differ (0)');

# A model with one rule wrong, which a few requests must meet.
for my $rule ('merge', 'if-match') {
	my (undef, $found) = beside(2_000, $rule);
	my ($at) = $found =~ /^request (\d+): /m;
	like($found, qr/^asked \d+ differ 1$/m, "a wrong rule: $rule");
	control("a model with another rule ($rule): differs at request "
	    . ($at // '?'));
}
finish();
