#!/usr/bin/perl
# The sample of requests through Apache, by each of the ways in apache/: the
# files are included as they are installed.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Cases qw(run_cases);

my $modules = (grep { -d } qw(/usr/lib/apache2/modules
    /usr/libexec/apache2 /usr/lib64/httpd/modules))[0];
plan skip_all => 'there is no apache2' if !$modules;
my %needs = ('proxy-fcgi' => ['proxy', 'proxy_fcgi'], fcgid => ['fcgid'],
    cgid => ['cgid']);

for my $way (sort keys %needs) {
	if (grep { !-e "$modules/mod_$_.so" } @{ $needs{$way} }) {
		note("no module for $way");
		next;
	}
	my $house = house(web => $way eq 'proxy-fcgi' ? 'socket' : 'files');
	$house->worker(args => [web_group()]) if $way eq 'proxy-fcgi';
	my $front = $house->apache_way($way);
	my $saved = run_cases($house, sub {
		$house->http(front => $front, @_);
	}, "$way: ");
	is(scalar @{ $house->integrations }, $saved,
	    "$way: there is a row for each 200 and for nothing else");
	is($house->admin('check')->{exit}, 0, "$way: every box opens");
}

finish();
